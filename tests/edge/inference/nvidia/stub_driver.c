/* A libcuda.so.1 over host memory that can be told to fail: STUB_DRIVER names how. */
#include <stdlib.h>
#include <string.h>

static int is(const char *fault) {
    const char *told = getenv("STUB_DRIVER");
    return told != NULL && strcmp(told, fault) == 0;
}

int cuInit(unsigned flags) { return is("no-kernel-module") ? 999 : is("mismatch") ? 803 : 0; }
int cuDeviceGet(int *device, int ordinal) { *device = 0; return is("no-device") ? 101 : 0; }
int cuDeviceGetName(char *name, int length, int device) {
    strncpy(name, "Stub RTX", length);
    return 0;
}
int cuDriverGetVersion(int *version) { *version = is("old-driver") ? 12040 : 13000; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == 75 ? 8 : attribute == 76 ? 6 : attribute == 16 ? 28 : -1;
    return 0;
}
int cuDevicePrimaryCtxRetain(void **context, int device) {
    *context = (void *)1;
    return is("busy") ? 46 : 0;
}
int cuCtxSetCurrent(void *context) { return context == (void *)1 ? 0 : 201; }
int cuStreamCreate(void **stream, unsigned flags) { *stream = (void *)7; return 0; }
#ifndef ANCIENT
int cuMemAlloc_v2(unsigned long long *address, size_t bytes) {
    if (is("full")) return 2;
    *address = (unsigned long long)malloc(bytes);
    return 0;
}
#endif
int cuMemFree_v2(unsigned long long address) { free((void *)address); return 0; }
int cuMemcpyHtoDAsync_v2(unsigned long long to, const void *from, size_t bytes, void *stream) {
    memcpy((void *)to, from, bytes);
    return stream == (void *)7 ? 0 : 400;
}
int cuMemcpyDtoHAsync_v2(void *to, unsigned long long from, size_t bytes, void *stream) {
    memcpy(to, (void *)from, bytes);
    return stream == (void *)7 ? 0 : 400;
}
int cuStreamSynchronize(void *stream) { return is("lost") ? 700 : 0; }
