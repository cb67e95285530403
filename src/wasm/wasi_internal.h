/* wasm/wasi_internal.h
 * What the wasi_*.c files share.
 *
 * A function of WASI is a wasi_fn: it gets the arguments as the guest pushed
 * them and returns an errno of WASI.  Rules that all of them keep:
 *   - A guest address is turned into a pointer by guest_at(), with its length,
 *     in the call that uses it; none is kept, since memory may grow.
 *   - What is looked at twice is copied first (guest_read()): another thread
 *     of the guest may write meanwhile.
 *   - Results are written last, when nothing can fail any more. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "wasm/wasi.h"
#include "wasm/wasi_abi.h"
#include "wasm/wasi_path.h"

struct wasi_fd {
	int fd;        /* the host's; -1: the slot is free */
	bool owned;    /* ours to close */
	bool readonly; /* below a read-only directory */
	bool is_root;  /* see wasi_preopen */
	/* A standard stream: its flags belong to whoever started us, too, so
	 * O_NONBLOCK is kept here and acted out. */
	bool shared;
	bool nonblock;
	uint8_t filetype;
	uint64_t rights, inheriting;
	const char *preopen; /* its name, NULL of others */
};

struct wasi {
	struct wasi_config cfg;
	struct wasi_fd *fds;
	uint32_t n_fds; /* slots; free ones have fd -1 */
	uint32_t max_fds;
	bool exited;
	uint32_t exit_code;
	struct wasi_binding *bindings;
};

struct wasi_call {
	struct wasi *w;
	struct wasm_caller *caller;
	bool unstable; /* imported from wasi_unstable */
};

typedef uint32_t wasi_fn(struct wasi_call *c, const union wasm_value *arg);

/* --- guest memory ------------------------------------------------------ */

static inline void *guest_at(struct wasi_call *c, uint32_t at, uint64_t len)
{
	return wasm_caller_at(c->caller, at, len);
}

/* Both return false when a byte is out of bounds. */
static inline bool guest_read(struct wasi_call *c, void *to, uint32_t at,
			      size_t len)
{
	const void *p = guest_at(c, at, len);

	if (p)
		memcpy(to, p, len);
	return p;
}

static inline bool guest_write(struct wasi_call *c, uint32_t at,
			       const void *from, size_t len)
{
	void *p = guest_at(c, at, len);

	if (p)
		memcpy(p, from, len);
	return p;
}

static inline uint32_t guest_write_u32(struct wasi_call *c, uint32_t at,
				       uint32_t v)
{
	return guest_write(c, at, &v, sizeof(v)) ? WASI_SUCCESS : WASI_EFAULT;
}

static inline uint32_t guest_write_u64(struct wasi_call *c, uint32_t at,
				       uint64_t v)
{
	return guest_write(c, at, &v, sizeof(v)) ? WASI_SUCCESS : WASI_EFAULT;
}

enum {
	WASI_IOV_MAX = 1024, /* as Linux has it */
	WASI_PATH_MAX = 4096,
};

/* `n` iovecs of the guest as those of the host, which point into its memory.
 * Returns an errno: EINVAL for too many, EFAULT. */
uint32_t guest_iovecs(struct wasi_call *c, uint32_t at, uint32_t n,
		      struct iovec iov[WASI_IOV_MAX]);
/* A path, copied and terminated.  ENAMETOOLONG; EINVAL if it has a NUL. */
uint32_t guest_path(struct wasi_call *c, uint32_t at, uint32_t len,
		    char path[WASI_PATH_MAX]);

/* --- errors (wasi_errno.c) --------------------------------------------- */

/* For a negative errno of the host, or 0. */
uint32_t wasi_errno(int rc);

/* --- descriptors (wasi_fd.c) ------------------------------------------- */

/* The guest's descriptor if it has all of `rights`.  Valid until the next
 * wasi_fd_add(). */
uint32_t wasi_fd_get(struct wasi *w, uint32_t fd, uint64_t rights,
		     struct wasi_fd **ret);
/* The lowest free number.  On failure a host descriptor that is owned is
 * closed. */
uint32_t wasi_fd_add(struct wasi *w, const struct wasi_fd *f, uint32_t *ret);
void wasi_fd_drop(struct wasi_fd *f);
/* Fill in the type, and the rights that make sense for it out of `rights`. */
int wasi_fd_describe(struct wasi_fd *f, uint64_t rights, uint64_t inheriting);
uint8_t wasi_filetype(int fd, const struct stat *st);
/* EAGAIN now if the descriptor acts out O_NONBLOCK and would wait for
 * `events` of poll(). */
uint32_t wasi_fd_ready(const struct wasi_fd *f, short events);

static inline struct wasi_dir wasi_fd_dir(const struct wasi_fd *f)
{
	return (struct wasi_dir){.fd = f->fd, .is_root = f->is_root};
}

/* --- sockets (wasi_sock_addr.c, wasi_resolve.c) ------------------------ */

struct sockaddr_storage;

struct wasi_resolved {
	uint8_t family; /* AF_INET, AF_INET6 */
	uint8_t addr[16];
};

enum { WASI_RESOLVE_MAX = 32 };

/* Addresses of `name`: numeric, from etc/hosts or from the name servers of
 * etc/resolv.conf below `etc_root` (-1: numeric only).  `family` AF_UNSPEC,
 * AF_INET or AF_INET6.  Returns how many, or a negative enum wasi_errno. */
int wasi_resolve(int etc_root, const char *name, int family, bool numeric_only,
		 struct wasi_resolved *ret, size_t max);
/* A port's number, from digits or etc/services; `proto` "tcp", "udp" or NULL.
 * -1 if unknown. */
int wasi_resolve_service(int etc_root, const char *name, const char *proto,
			 bool numeric_only);
/* All of a small file, NUL-terminated; NULL if it cannot be read. */
char *wasi_read_etc(int etc_root, const char *path);

#define WASI(name, sig)        wasi_fn wasi_##name;
#define WASI_AS(name, sig, fn) wasi_fn wasi_##fn;
#include "wasm/wasi.def"
#undef WASI
#undef WASI_AS
