#include "host/caps.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/str.h"

/* By number, man 7 capabilities. */
static const char *const names[] = {
	"CAP_CHOWN",
	"CAP_DAC_OVERRIDE",
	"CAP_DAC_READ_SEARCH",
	"CAP_FOWNER",
	"CAP_FSETID",
	"CAP_KILL",
	"CAP_SETGID",
	"CAP_SETUID",
	"CAP_SETPCAP",
	"CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE",
	"CAP_NET_BROADCAST",
	"CAP_NET_ADMIN",
	"CAP_NET_RAW",
	"CAP_IPC_LOCK",
	"CAP_IPC_OWNER",
	"CAP_SYS_MODULE",
	"CAP_SYS_RAWIO",
	"CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE",
	"CAP_SYS_PACCT",
	"CAP_SYS_ADMIN",
	"CAP_SYS_BOOT",
	"CAP_SYS_NICE",
	"CAP_SYS_RESOURCE",
	"CAP_SYS_TIME",
	"CAP_SYS_TTY_CONFIG",
	"CAP_MKNOD",
	"CAP_LEASE",
	"CAP_AUDIT_WRITE",
	"CAP_AUDIT_CONTROL",
	"CAP_SETFCAP",
	"CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN",
	"CAP_SYSLOG",
	"CAP_WAKE_ALARM",
	"CAP_BLOCK_SUSPEND",
	"CAP_AUDIT_READ",
	"CAP_PERFMON",
	"CAP_BPF",
	"CAP_CHECKPOINT_RESTORE",
};

static uint64_t bit(int cap)
{
	return 1ull << cap;
}

int cap_from_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eq(names[i], name))
			return (int)i;
	return -EINVAL;
}

const char *cap_name(int cap)
{
	if (cap < 0 || (size_t)cap >= ARRAY_SIZE(names))
		return NULL;
	return names[cap];
}

/* PR_CAPBSET_READ answers EINVAL past the last, so no /proc is needed. */
int cap_last(void)
{
	int low = 0, high = CAPS_MAX - 1;

	while (low < high) {
		int mid = (low + high + 1) / 2;

		if (prctl(PR_CAPBSET_READ, mid, 0, 0, 0) >= 0)
			low = mid;
		else
			high = mid - 1;
	}
	return low;
}

uint64_t caps_all(void)
{
	return UINT64_MAX >> (CAPS_MAX - 1 - cap_last());
}

static int cap_get(struct caps *ret)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	ret->effective = data[0].effective | (uint64_t)data[1].effective << 32;
	ret->permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	ret->inheritable = data[0].inheritable | (uint64_t)data[1].inheritable
							 << 32;
	return 0;
}

static int cap_set(const struct caps *c)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)c->effective, (uint32_t)c->permitted,
		 (uint32_t)c->inheritable},
		{(uint32_t)(c->effective >> 32), (uint32_t)(c->permitted >> 32),
		 (uint32_t)(c->inheritable >> 32)},
	};

	return syscall(SYS_capset, &head, data) < 0 ? -errno : 0;
}

int caps_get(struct caps *ret, struct err *err)
{
	struct caps c = {0};
	int rc = cap_get(&c);

	if (rc < 0)
		return err_set(err, rc, "read our capabilities");
	for (int i = 0; i < CAPS_MAX; i++) {
		int set = prctl(PR_CAPBSET_READ, i, 0, 0, 0);

		if (set < 0)
			break;
		if (set > 0)
			c.bounding |= bit(i);
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) > 0)
			c.ambient |= bit(i);
	}
	*ret = c;
	return 0;
}

/* A bit in inheritable has to be in the bounding set as well; that set is
 * only ever reduced, so a bit of `bounding` itself needs no look. */
static uint64_t in_bounding(uint64_t set)
{
	for (int i = 0; i < CAPS_MAX; i++)
		if ((set & bit(i)) && prctl(PR_CAPBSET_READ, i, 0, 0, 0) != 1)
			set &= ~bit(i);
	return set;
}

int caps_limit(struct caps *want, struct caps *missing, struct err *err)
{
	struct caps asked = *want, have = {0};
	int rc = cap_get(&have);

	if (rc < 0)
		return err_set(err, rc, "read our capabilities");
	want->permitted &= have.permitted;
	want->effective &= want->permitted;
	want->inheritable = in_bounding(want->inheritable & want->bounding &
					(have.permitted | have.inheritable));
	want->ambient &= want->permitted & want->inheritable;
	if (missing)
		*missing = (struct caps){
			.effective = asked.effective & ~want->effective,
			.permitted = asked.permitted & ~want->permitted,
			.inheritable = asked.inheritable & ~want->inheritable,
			.ambient = asked.ambient & ~want->ambient,
		};
	return 0;
}

int caps_drop_bounding(uint64_t keep, struct err *err)
{
	for (int i = 0; i < CAPS_MAX; i++) {
		int rc, set;

		if (keep & bit(i))
			continue;
		if (prctl(PR_CAPBSET_DROP, i, 0, 0, 0) == 0)
			continue;
		rc = -errno;
		/* Without CAP_SETPCAP we may not even drop what is gone, nor
		 * what this kernel never had. */
		set = prctl(PR_CAPBSET_READ, i, 0, 0, 0);
		if (set < 0)
			break; /* past the kernel's last */
		if (set == 0)
			continue;
		return err_set(err, rc, "drop %s from the bounding set",
			       cap_name(i) ?: "a capability");
	}
	return 0;
}

int caps_keep(bool on, struct err *err)
{
	if (prctl(PR_SET_KEEPCAPS, on, 0, 0, 0) < 0)
		return err_set(err, -errno, "keep capabilities across setuid");
	return 0;
}

int caps_apply(const struct caps *want, struct err *err)
{
	char text[160];
	int rc;

	/* Kernels before 4.3 have no ambient set, which is empty enough. */
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 &&
	    errno != EINVAL)
		return err_set(err, -errno, "clear ambient capabilities");
	rc = cap_set(want);
	if (rc < 0)
		return err_set(err, rc, "set capabilities %s",
			       caps_text(want->permitted | want->inheritable,
					 text, sizeof(text)));
	for (int i = 0; i < CAPS_MAX; i++) {
		if (!(want->ambient & bit(i)))
			continue;
		if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
			return err_set(err, -errno,
				       "make capability %s ambient",
				       cap_name(i) ?: "without a name");
	}
	return 0;
}

const char *caps_text(uint64_t set, char *buf, unsigned long size)
{
	size_t len = 0;

	buf[0] = '\0';
	for (int i = 0; i < CAPS_MAX && len < size; i++) {
		const char *sep = len ? ", " : "";

		if (!(set & bit(i)))
			continue;
		if (cap_name(i))
			len += (size_t)snprintf(buf + len, size - len, "%s%s",
						sep, cap_name(i));
		else
			len += (size_t)snprintf(buf + len, size - len, "%s%d",
						sep, i);
	}
	return buf;
}
