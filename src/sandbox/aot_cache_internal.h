/* sandbox/aot_cache_internal.h: what the files of the cache share. */
#pragma once

#include "sandbox/aot_cache.h"

enum { AOT_PATH_SIZE = AOT_NAME_SIZE + 16 };

/* "images/NAME.img", relative to the cache's directory. */
void aot_image_path(const struct aot_key *key, char path[AOT_PATH_SIZE]);
/* Is all of it there and intact, and is it the image of this key? */
int aot_image_check(int fd, const struct aot_key *key, struct err *err);

/* One file of index/.  `image` is all zero while nobody vouches for it.  Its
 * mtime says when the image was last used. */
struct aot_entry {
	char magic[8];
	uint8_t module_sha256[SHA256_SIZE];
	uint32_t cpu, flags;
	struct stamp module, image;
	uint8_t sha256[SHA256_SIZE]; /* of all that is above */
};

bool aot_entry_read(int fd, struct aot_entry *ret);
/* The image was used now, though no entry says so. */
void aot_cache_touch(const struct aot_cache *c, const struct aot_key *key);
/* Replace dir/path by these bytes, whole or not at all. */
int aot_write_file(const struct aot_cache *c, const char *path,
		   const void *data, size_t len);
