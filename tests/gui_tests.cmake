# Tests of the window: GoogleTest programs that send real events (QTest) on the offscreen platform. One program a folder of tests/views,
# and one for tests/app/desktop.
find_package(Qt6 REQUIRED COMPONENTS Test)

function(planish_gui_tests name library)
  planish_tests(${name} ${ARGN} LIBRARIES ${library} Qt6::Test LABELS gui)
  target_sources(${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/views/support/main.cpp)
  set_target_properties(${name} PROPERTIES AUTOMOC ON AUTOMOC_COMPILER_PREDEFINES OFF)
  target_precompile_headers(${name} REUSE_FROM planish_qt_headers)
  target_compile_definitions(${name} PRIVATE QT_NO_KEYWORDS QT_NO_CAST_TO_ASCII)
endfunction()

file(GLOB view_folders CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/views ${CMAKE_CURRENT_SOURCE_DIR}/views/*)
foreach(folder IN LISTS view_folders)
  file(GLOB files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/views/${folder}/*_test.cpp)
  if(files)
    planish_gui_tests(views_${folder}_tests views_${folder} ${files})
  endif()
endforeach()
file(GLOB desktop_files CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/app/desktop/*_test.cpp)
if(desktop_files)
  planish_gui_tests(app_desktop_tests planish_desktop ${desktop_files})
endif()

# Not a test: the pictures of README and guide (packaging/screenshots).
add_executable(app_desktop_pictures app/desktop/pictures/pictures.cpp)
target_link_libraries(app_desktop_pictures PRIVATE planish_desktop Qt6::Test GTest::gtest)
target_precompile_headers(app_desktop_pictures REUSE_FROM planish_qt_headers)
target_compile_definitions(app_desktop_pictures PRIVATE QT_NO_KEYWORDS QT_NO_CAST_TO_ASCII)
set_target_properties(app_desktop_pictures PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
