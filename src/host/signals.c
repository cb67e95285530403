/* Signal names and numbers: half of host/pidfd.h. */
#include "host/pidfd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/str.h"

static const struct {
	const char *name; /* with SIG */
	int sig;
} signals[] = {
	{"SIGHUP", SIGHUP},
	{"SIGINT", SIGINT},
	{"SIGQUIT", SIGQUIT},
	{"SIGILL", SIGILL},
	{"SIGTRAP", SIGTRAP},
	{"SIGABRT", SIGABRT},
	{"SIGBUS", SIGBUS},
	{"SIGFPE", SIGFPE},
	{"SIGKILL", SIGKILL},
	{"SIGUSR1", SIGUSR1},
	{"SIGSEGV", SIGSEGV},
	{"SIGUSR2", SIGUSR2},
	{"SIGPIPE", SIGPIPE},
	{"SIGALRM", SIGALRM},
	{"SIGTERM", SIGTERM},
	{"SIGSTKFLT", SIGSTKFLT},
	{"SIGCHLD", SIGCHLD},
	{"SIGCONT", SIGCONT},
	{"SIGSTOP", SIGSTOP},
	{"SIGTSTP", SIGTSTP},
	{"SIGTTIN", SIGTTIN},
	{"SIGTTOU", SIGTTOU},
	{"SIGURG", SIGURG},
	{"SIGXCPU", SIGXCPU},
	{"SIGXFSZ", SIGXFSZ},
	{"SIGVTALRM", SIGVTALRM},
	{"SIGPROF", SIGPROF},
	{"SIGWINCH", SIGWINCH},
	{"SIGIO", SIGIO},
	{"SIGPWR", SIGPWR},
	{"SIGSYS", SIGSYS},
	/* Other names for the same, after the one we print. */
	{"SIGIOT", SIGABRT},
	{"SIGCLD", SIGCHLD},
	{"SIGPOLL", SIGIO},
	{"SIGUNUSED", SIGSYS},
};

/* The kernel's range.  glibc's SIGRTMIN is 34, since it keeps two for its
 * own threads, and "RTMIN+1" means 35 to every user of kill(1). */
enum { RTMIN_SIG = 34, RTMAX_SIG = 64 };

static int realtime_parse(const char *name)
{
	uint64_t off = 0;

	if (strncasecmp(name, "RTMIN", 5) == 0) {
		if (name[5] &&
		    (name[5] != '+' ||
		     parse_u64(name + 6, RTMAX_SIG - RTMIN_SIG, &off) < 0))
			return -EINVAL;
		return RTMIN_SIG + (int)off;
	}
	if (strncasecmp(name, "RTMAX", 5) == 0) {
		if (name[5] &&
		    (name[5] != '-' ||
		     parse_u64(name + 6, RTMAX_SIG - RTMIN_SIG, &off) < 0))
			return -EINVAL;
		return RTMAX_SIG - (int)off;
	}
	return -EINVAL;
}

int signal_parse(const char *text)
{
	const char *name = text;
	uint64_t u;

	if (text[0] >= '0' && text[0] <= '9')
		return parse_u64(text, RTMAX_SIG, &u) < 0 ? -EINVAL : (int)u;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (strcasecmp(signals[i].name + 3, name) == 0)
			return signals[i].sig;
	return realtime_parse(name);
}

const char *signal_name(int sig)
{
	static char realtime[16];

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		if (signals[i].sig == sig)
			return signals[i].name;
	if (sig < RTMIN_SIG || sig > RTMAX_SIG)
		return NULL;
	if (sig == RTMAX_SIG)
		return "SIGRTMAX";
	if (sig == RTMIN_SIG)
		return "SIGRTMIN";
	snprintf(realtime, sizeof(realtime), "SIGRTMIN+%d", sig - RTMIN_SIG);
	return realtime;
}
