# The warnings that we build with; presets turn them into errors.
target_compile_options(rota_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Wstrict-prototypes -Wmissing-prototypes
  -Wcast-qual -Wformat=2 -Wvla -Walloca -Wswitch-enum -Wimplicit-fallthrough -Wnull-dereference -Wdouble-promotion
  -Wdate-time -Wwrite-strings)
if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
  target_compile_options(rota_options INTERFACE -Wduplicated-cond -Wduplicated-branches -Wlogical-op -Wjump-misses-init)
endif()
