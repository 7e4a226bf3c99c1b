# Hardening for every program, sanitizers when asked for.
target_compile_options(rota_options INTERFACE -fno-strict-aliasing -fstack-protector-strong -fstack-clash-protection
  -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(ROTA_SANITIZE)
  target_compile_options(rota_options INTERFACE -fsanitize=${ROTA_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(rota_options INTERFACE -fsanitize=${ROTA_SANITIZE})
else()
  target_compile_options(rota_options INTERFACE
    $<$<NOT:$<CONFIG:Debug>>:-U_FORTIFY_SOURCE> $<$<NOT:$<CONFIG:Debug>>:-D_FORTIFY_SOURCE=3>)
  if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
    target_compile_options(rota_options INTERFACE -fcf-protection=full -ftrivial-auto-var-init=zero)
  endif()
endif()
target_link_options(rota_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
set(CMAKE_EXE_LINKER_FLAGS "${CMAKE_EXE_LINKER_FLAGS} -pie")
