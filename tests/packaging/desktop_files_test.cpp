#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace planish {
namespace {

/// Exit status of a command; 127 where there is no such program.
int run(const std::string& command) { return WEXITSTATUS(std::system((command + " > /dev/null 2>&1").c_str())); }

const std::string kFolder = PLANISH_SOURCE_DIR "/packaging/desktop/";

TEST(DesktopFiles, DesktopEntryIsValid) {
  const int status = run("desktop-file-validate '" + kFolder + "org.planish.Planish.desktop'");
  if (status == 127) GTEST_SKIP() << "needs desktop-file-validate";
  EXPECT_EQ(status, 0);
}

TEST(DesktopFiles, MetainfoIsValid) {
  const int status = run("appstreamcli validate --no-net '" + kFolder + "org.planish.Planish.metainfo.xml'");
  if (status == 127) GTEST_SKIP() << "needs appstreamcli";
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace planish
