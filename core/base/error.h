#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace planish {

/// What went wrong, as far as a script has to know it; each kind has its exit status (see exitStatus).
enum class ErrorKind {
  failed,          ///< an operation failed for a reason none of the others names
  usage,           ///< a wrong word, option or value from the user
  invalidInput,    ///< a file is corrupt, inconsistent or hostile
  unsupported,     ///< valid, but something this program cannot do
  noDevice,        ///< no such device, or the driver is too old
  outOfMemory,     ///< host or device memory
  targetNotMet,    ///< a budget or an accuracy target cannot be met
  notWritable,     ///< an output cannot be written, or the disk is full
};

/// The one exception of the program. Caught in the job thread and in main, nowhere else.
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message) : m_kind(kind), m_message(std::move(message)) {}

  /// The file the error is about.
  Error&& in(std::string file) &&;
  /// The place in it: a layer, node, key or byte offset.
  Error&& at(std::string where) &&;
  /// What the user can do about it.
  Error&& remedy(std::string what) &&;

  ErrorKind kind() const { return m_kind; }
  const std::string& message() const { return m_message; }
  const std::string& file() const { return m_file; }
  const std::string& where() const { return m_where; }
  const std::string& remedyText() const { return m_remedy; }

  /// "file: where: message (remedy)", leaving out what is empty.
  const char* what() const noexcept override;

 private:
  ErrorKind m_kind;
  std::string m_message, m_file, m_where, m_remedy;
  mutable std::string m_text;
};

/// Thrown when the user stopped the work; not an Error.
class Cancelled : public std::exception {
 public:
  const char* what() const noexcept override { return "stopped by the user"; }
};

/// The status a command ends with: 1 failed, 2 usage, 3 invalid input, 4 unsupported, 5 no device or memory,
/// 6 target not met, 7 not writable.
int exitStatus(ErrorKind kind);
/// The kind as scripts read it: "invalid-input", "usage", ...
std::string_view name(ErrorKind kind);

/// "unknown <what> 'x'; known: a, b, c" as a usage error.
Error unknownName(std::string_view what, std::string_view given, const std::vector<std::string>& known);

/// Text of a stranger's file made safe to show: control characters and direction overrides escaped, cut at `limit` bytes.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace planish
