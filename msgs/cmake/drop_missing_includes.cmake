# The ROS wheels were built on another machine: some of their imported targets name include folders of that machine,
# and CMake refuses a target whose folders do not exist.  Nobody needs those folders, so they are dropped.  Changes
# nothing on an apt installation of ROS.
include_guard(GLOBAL)

function(drop_missing_includes)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(NOT folders)
      continue()
    endif()
    set(present "")
    foreach(folder IN LISTS folders)
      if(folder MATCHES "^\\$<" OR EXISTS "${folder}")  # generator expressions are kept as they are
        list(APPEND present "${folder}")
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${present}")
  endforeach()
endfunction()

# Runs when the whole CMakeLists.txt was read, that is after every find_package.
cmake_language(DEFER CALL drop_missing_includes)
