#include <errno.h>

#include "base/cleanup.h"
#include "wasm/wasi_internal.h"

/* Linux numbers differ between architectures, so each has its row. */
static const uint8_t from_host[] = {
	[E2BIG] = WASI_E2BIG,
	[EACCES] = WASI_EACCES,
	[EADDRINUSE] = WASI_EADDRINUSE,
	[EADDRNOTAVAIL] = WASI_EADDRNOTAVAIL,
	[EAFNOSUPPORT] = WASI_EAFNOSUPPORT,
	[EAGAIN] = WASI_EAGAIN,
	[EALREADY] = WASI_EALREADY,
	[EBADF] = WASI_EBADF,
	[EBADMSG] = WASI_EBADMSG,
	[EBUSY] = WASI_EBUSY,
	[ECANCELED] = WASI_ECANCELED,
	[ECHILD] = WASI_ECHILD,
	[ECONNABORTED] = WASI_ECONNABORTED,
	[ECONNREFUSED] = WASI_ECONNREFUSED,
	[ECONNRESET] = WASI_ECONNRESET,
	[EDEADLK] = WASI_EDEADLK,
	[EDESTADDRREQ] = WASI_EDESTADDRREQ,
	[EDOM] = WASI_EDOM,
	[EDQUOT] = WASI_EDQUOT,
	[EEXIST] = WASI_EEXIST,
	[EFAULT] = WASI_EFAULT,
	[EFBIG] = WASI_EFBIG,
	[EHOSTUNREACH] = WASI_EHOSTUNREACH,
	[EIDRM] = WASI_EIDRM,
	[EILSEQ] = WASI_EILSEQ,
	[EINPROGRESS] = WASI_EINPROGRESS,
	[EINTR] = WASI_EINTR,
	[EINVAL] = WASI_EINVAL,
	[EIO] = WASI_EIO,
	[EISCONN] = WASI_EISCONN,
	[EISDIR] = WASI_EISDIR,
	[ELOOP] = WASI_ELOOP,
	[EMFILE] = WASI_EMFILE,
	[EMLINK] = WASI_EMLINK,
	[EMSGSIZE] = WASI_EMSGSIZE,
	[EMULTIHOP] = WASI_EMULTIHOP,
	[ENAMETOOLONG] = WASI_ENAMETOOLONG,
	[ENETDOWN] = WASI_ENETDOWN,
	[ENETRESET] = WASI_ENETRESET,
	[ENETUNREACH] = WASI_ENETUNREACH,
	[ENFILE] = WASI_ENFILE,
	[ENOBUFS] = WASI_ENOBUFS,
	[ENODEV] = WASI_ENODEV,
	[ENOENT] = WASI_ENOENT,
	[ENOEXEC] = WASI_ENOEXEC,
	[ENOLCK] = WASI_ENOLCK,
	[ENOLINK] = WASI_ENOLINK,
	[ENOMEM] = WASI_ENOMEM,
	[ENOMSG] = WASI_ENOMSG,
	[ENOPROTOOPT] = WASI_ENOPROTOOPT,
	[ENOSPC] = WASI_ENOSPC,
	[ENOSYS] = WASI_ENOSYS,
	[ENOTCONN] = WASI_ENOTCONN,
	[ENOTDIR] = WASI_ENOTDIR,
	[ENOTEMPTY] = WASI_ENOTEMPTY,
	[ENOTRECOVERABLE] = WASI_ENOTRECOVERABLE,
	[ENOTSOCK] = WASI_ENOTSOCK,
	[EOPNOTSUPP] = WASI_ENOTSUP,
	[ENOTTY] = WASI_ENOTTY,
	[ENXIO] = WASI_ENXIO,
	[EOVERFLOW] = WASI_EOVERFLOW,
	[EOWNERDEAD] = WASI_EOWNERDEAD,
	[EPERM] = WASI_EPERM,
	[EPIPE] = WASI_EPIPE,
	[EPROTO] = WASI_EPROTO,
	[EPROTONOSUPPORT] = WASI_EPROTONOSUPPORT,
	[EPROTOTYPE] = WASI_EPROTOTYPE,
	[ERANGE] = WASI_ERANGE,
	[EROFS] = WASI_EROFS,
	[ESPIPE] = WASI_ESPIPE,
	[ESRCH] = WASI_ESRCH,
	[ESTALE] = WASI_ESTALE,
	[ETIMEDOUT] = WASI_ETIMEDOUT,
	[ETXTBSY] = WASI_ETXTBSY,
	[EXDEV] = WASI_EXDEV,
};

uint32_t wasi_errno(int rc)
{
	if (rc >= 0)
		return WASI_SUCCESS;
	if (-rc < (int)ARRAY_SIZE(from_host) && from_host[-rc])
		return from_host[-rc];
	return WASI_EIO;
}

uint32_t guest_iovecs(struct wasi_call *c, uint32_t at, uint32_t n,
		      struct iovec iov[WASI_IOV_MAX])
{
	uint64_t total = 0;
	const uint8_t *p;

	if (n > WASI_IOV_MAX)
		return WASI_EINVAL;
	p = guest_at(c, at, (uint64_t)n * sizeof(struct wasi_iovec));
	if (!p)
		return WASI_EFAULT;
	for (uint32_t i = 0; i < n; i++) {
		struct wasi_iovec v;

		memcpy(&v, p + i * sizeof(v), sizeof(v));
		/* A count of bytes is a size, of 32 bits. */
		total += v.len;
		if (total > UINT32_MAX)
			return WASI_EINVAL;
		iov[i].iov_base = guest_at(c, v.buf, v.len);
		iov[i].iov_len = v.len;
		if (!iov[i].iov_base)
			return WASI_EFAULT;
	}
	return WASI_SUCCESS;
}

uint32_t guest_path(struct wasi_call *c, uint32_t at, uint32_t len,
		    char path[WASI_PATH_MAX])
{
	if (!guest_at(c, at, len))
		return WASI_EFAULT;
	if (len >= WASI_PATH_MAX)
		return WASI_ENAMETOOLONG;
	memcpy(path, guest_at(c, at, len), len);
	path[len] = '\0';
	return memchr(path, '\0', len) ? WASI_EINVAL : WASI_SUCCESS;
}
