#include "app/desktop/main_window.h"
#include "app/desktop/settings.h"
#include "app/desktop/style.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QTimer>

#include <cstdio>
#include <cstring>

namespace {

/// Answers that need no display.
bool answeredWithoutWindow(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--version") == 0) {
      std::puts("planish " PLANISH_VERSION);
      return true;
    }
    if (std::strcmp(argv[i], "--help") == 0 || std::strcmp(argv[i], "-h") == 0) {
      std::puts("Usage: planish [FILES]\n\nOpens networks (ONNX) and projects (.planish) in the workbench.\n\n"
                "  --demo NAME      open a built-in demo: glyphs or digits\n  --reset-layout   forget how the docks were arranged\n"
                "  --light, --dark  whatever the system says\n  --version        print the version\n  --help           print this");
      return true;
    }
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (answeredWithoutWindow(argc, argv)) return 0;
  QApplication application(argc, argv);
  QApplication::setApplicationName(QStringLiteral("planish"));
  QApplication::setApplicationDisplayName(QStringLiteral("Planish"));
  QApplication::setDesktopFileName(QStringLiteral("org.planish.Planish"));
  QCommandLineParser parser;
  const QCommandLineOption demo(QStringLiteral("demo"), {}, QStringLiteral("NAME"));
  const QCommandLineOption reset(QStringLiteral("reset-layout")), light(QStringLiteral("light")), dark(QStringLiteral("dark"));
  parser.addOptions({demo, reset, light, dark});
  parser.process(application);
  using namespace planish::desktop;
  setAppearance(application, parser.isSet(dark) ? Appearance::dark : parser.isSet(light) ? Appearance::light : Settings::load().appearance);
  if (parser.isSet(reset)) state().remove(QStringLiteral("layout"));

  Engine engine = Engine::load();
  MainWindow window(engine);
  window.show();
  QTimer::singleShot(0, &window, [&] {
    if (parser.isSet(demo)) window.openDemo(parser.value(demo));
    else if (!parser.positionalArguments().isEmpty()) window.openFiles(parser.positionalArguments());
    else window.offerRecovery();
  });
  return QApplication::exec();
}
