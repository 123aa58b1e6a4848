/* In a static program glibc's dlsym finds nothing. The `getrandom` crate takes that for a system without the call,
   and reads /dev/urandom, which an image that holds nothing but consign does not have. So this one is found. */
#include <string.h>
#include <sys/random.h>

void *__real_dlsym(void *handle, const char *name);

void *__wrap_dlsym(void *handle, const char *name) {
  return strcmp(name, "getrandom") == 0 ? (void *)getrandom : __real_dlsym(handle, name);
}
