// Lets the tests of devices run on Mesa's software Vulkan up to 22.3: preloaded into their process, it fills descriptor sets to the end.
//
// ggml's descriptor sets have room for twelve buffers, and it writes those that an operation takes. What was written before stays in the others, also
// when its buffer has been freed since. Vulkan allows that, as the operation does not use them, but Mesa's software binds all of a set, and counts
// references in the freed memory. Here the rest of a set gets the first of its buffers.
//
// cc -shared -fPIC -O1 -o complete-descriptors.so complete-descriptors.c -ldl
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { ROOM = 12 };

typedef void (*Function)(void);
typedef struct { void *buffer; uint64_t offset, range; } BufferInfo;
typedef struct {
  int structure_type;
  const void *next;
  void *set;
  uint32_t binding, array_element, count;
  int descriptor_type;
  const void *images;
  const BufferInfo *buffers;
  const void *views;
} Write;

static void (*update_descriptor_sets)(void *, uint32_t, const Write *, uint32_t, const void *);
static Function (*get_device_address)(void *, const char *);

static void update_whole_sets(void *device, uint32_t count, const Write *writes, uint32_t copy_count, const void *copies) {
  for (uint32_t i = 0; i < count; i++) {
    Write write = writes[i];
    BufferInfo buffers[ROOM];
    if (write.binding == 0 && write.buffers && write.count > 0 && write.count < ROOM) {
      for (uint32_t k = 0; k < ROOM; k++)
        buffers[k] = write.buffers[k < write.count ? k : 0];
      write.buffers = buffers;
      write.count = ROOM;
    }
    update_descriptor_sets(device, 1, &write, 0, NULL);
  }
  if (copy_count > 0)
    update_descriptor_sets(device, 0, NULL, copy_count, copies);
}

static void *loader(const char *name) { return dlsym(dlopen("libvulkan.so.1", RTLD_NOW), name); }

static Function replace(const char *name, Function found) {
  if (!found || strcmp(name, "vkUpdateDescriptorSets") != 0)
    return found;
  update_descriptor_sets = (void *)found;
  return (Function)update_whole_sets;
}

Function vkGetDeviceProcAddr(void *device, const char *name) {
  if (!get_device_address)
    get_device_address = loader("vkGetDeviceProcAddr");
  return replace(name, get_device_address(device, name));
}

Function vkGetInstanceProcAddr(void *instance, const char *name) {
  static Function (*get_address)(void *, const char *);
  if (!get_address)
    get_address = loader("vkGetInstanceProcAddr");
  Function found = get_address(instance, name);
  if (found && strcmp(name, "vkGetDeviceProcAddr") == 0) {
    get_device_address = (void *)found;
    return (Function)vkGetDeviceProcAddr;
  }
  return replace(name, found);
}
