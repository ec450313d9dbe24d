# Qt for the window, and its headers compiled once.
find_package(Qt6 6.4 REQUIRED COMPONENTS Widgets Charts Svg PrintSupport)
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/qt_headers.cpp CONTENT "")
add_library(planish_qt_headers STATIC ${CMAKE_BINARY_DIR}/generated/qt_headers.cpp)
target_link_libraries(planish_qt_headers PUBLIC planish_core Qt6::Widgets Qt6::Charts Qt6::Svg Qt6::PrintSupport)
target_compile_definitions(planish_qt_headers PUBLIC QT_NO_KEYWORDS QT_NO_CAST_TO_ASCII)
target_precompile_headers(planish_qt_headers PRIVATE <QtCore> <QtGui> <QtWidgets> <QtCharts> <algorithm> <functional> <map> <memory> <optional> <string> <vector>)
