# Writes OUT, a header with the SHA-256 of all SOURCES (a list of files): the version of the code that decides what a compressed layer looks like.
set(text "")
foreach(source IN LISTS SOURCES)
  file(SHA256 ${source} digest)
  string(APPEND text ${digest})
endforeach()
string(SHA256 digest "${text}")
file(CONFIGURE OUTPUT ${OUT} CONTENT "#pragma once\n\n#define PLANISH_COMPRESSION_DIGEST \"${digest}\"\n" @ONLY)
