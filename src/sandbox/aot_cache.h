/* sandbox/aot_cache.h
 * Compiled modules on disk.
 *
 *	/var/cache/hull/wasm		root's; else $XDG_CACHE_HOME/hull/wasm or
 *					~/.cache/hull/wasm; or $HULL_CACHE_DIR
 *	  images/NAME.img		an image (wasm/aot.h), 0400
 *	  index/<hex>			what a module file was found to hold
 *	  locks/NAME			flock()ed by whoever compiles it
 *	  failed/NAME			why it cannot be compiled: not tried again
 *
 * NAME is <SHA-256 of the module>-<engine>-<cpu>-<flags>: all that the code
 * depends on, so an image is never out of date, only unused.
 *
 * An image is code that will run as us.  So the directory must belong to us
 * and be closed to everybody else, and an image must be whole: its checksum is
 * compared once, and from then on its stamp (host/stamp.h) vouches for it.
 * The index saves the start of a program the reading of its module: it goes
 * from the module file's stamp to the image and to the image's stamp.
 *
 * Nothing here is needed: a cache that cannot be read or written costs time.
 *
 * Files appear whole, by linkat() or rename(); whatever dies at any point
 * leaves at most a file without a name, or a lock that the kernel drops. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sha256.h"
#include "host/stamp.h"

struct draft;
struct err;

struct aot_cache {
	int dir;
	char *path;
	uint64_t max_size; /* of all images, bytes */
};

/* Which image; what NAME is made of, with this engine. */
struct aot_key {
	uint8_t module[SHA256_SIZE];
	uint32_t cpu, flags; /* enum aot_cpu, enum aot_flags */
};

enum { AOT_NAME_SIZE = 128 };
void aot_key_name(const struct aot_key *key, char name[AOT_NAME_SIZE]);

/* Open it, making what is missing.  -EPERM: it is not ours alone.  Where it
 * would be is in ret->path in any case. */
int aot_cache_open(struct aot_cache *ret, struct err *err);
/* Takes a failed one too. */
void aot_cache_close(struct aot_cache *c);

/* --- looking up ---------------------------------------------------------- */

struct aot_found {
	int fd; /* of a whole image of this module, or -1 */
	struct aot_key key;
	struct stamp module; /* of the file that was asked for */
};

/* The image of the module in this file, for this processor.  Without one
 * ret->fd is -1 and 0 is returned; a negative errno when the module cannot be
 * read (-EAGAIN: it was written to meanwhile).  A damaged image is removed. */
int aot_cache_find(const struct aot_cache *c, int module, uint32_t flags,
		   struct aot_found *ret, struct err *err);
/* The image of this key, checked as a whole; -ENOENT. */
int aot_cache_get(const struct aot_cache *c, const struct aot_key *key,
		  struct err *err);
/* Is the module in this image, from which the interpreter would go on, the one
 * with this SHA-256? */
struct aot_image;
bool aot_image_is_of(const struct aot_image *image,
		     const uint8_t module[SHA256_SIZE]);
/* What the file holds, and its stamp; a stamp that is not to be relied on is
 * all zero.  -EFBIG: larger than modules that are worth it. */
int aot_hash_module(int module, uint8_t ret[SHA256_SIZE], struct stamp *stamp,
		    struct err *err);

/* --- storing ------------------------------------------------------------- */

/* A file for whoever makes the image. */
int aot_cache_draft(const struct aot_cache *c, struct draft *ret,
		    struct err *err);
/* Check that it is whole and the image of this key, and keep it; then make
 * room.  Nobody else may have it open for writing any more. */
int aot_cache_store(const struct aot_cache *c, const struct aot_key *key,
		    struct draft *draft, struct err *err);

/* Whoever compiles holds the lock.  -EBUSY after `timeout_ms` (0: at once). */
int aot_cache_lock(const struct aot_cache *c, const struct aot_key *key,
		   int timeout_ms, struct err *err);
void aot_cache_unlock(const struct aot_cache *c, const struct aot_key *key,
		      int lock);

/* Remember that it cannot be compiled; is it known that it cannot?  (With the
 * reason.)  Forget it. */
void aot_cache_mark_failed(const struct aot_cache *c, const struct aot_key *key,
			   const char *why);
bool aot_cache_has_failed(const struct aot_cache *c, const struct aot_key *key,
			  struct err *why);
void aot_cache_forget_failure(const struct aot_cache *c,
			      const struct aot_key *key);

/* --- housekeeping (aot_cache_keep.c) -------------------------------------- */

struct aot_cache_row {
	char name[AOT_NAME_SIZE];
	char *failed;      /* the reason, or NULL for an image */
	uint64_t size;     /* bytes on disk */
	int64_t used;      /* seconds since 1970 */
	bool other_engine; /* of an older or newer hull */
};

/* All images and failures, the last used first.  Free with the function. */
int aot_cache_list(const struct aot_cache *c, struct aot_cache_row **rows,
		   size_t *n, struct err *err);
void aot_cache_rows_free(struct aot_cache_row *rows, size_t n);

/* Remove the images that were not used for longest until the rest fits into
 * `max_size`, those of other engines first where `others`, and what dead
 * processes left.  Returns how many bytes came free. */
uint64_t aot_cache_prune(const struct aot_cache *c, uint64_t max_size,
			 bool others);
/* Compare an image's checksum; remove it when it is damaged (-ENOEXEC). */
int aot_cache_verify(const struct aot_cache *c, const struct aot_cache_row *row,
		     struct err *err);
