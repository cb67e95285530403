/* Starts programs and says how long they took; driven by bench-start.
 *
 * A line of standard input is a command, its words separated by tabs; the
 * answer is a line "status nanoseconds peak-RSS-in-kB".  The peak is that of
 * the program and of the children that it waited for.
 *
 * A program of its own, and small: a child's peak begins with its parent's
 * size, and a large parent takes longer to fork. */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_WORDS = 64 };

extern char **environ;

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int split(char *line, char **words)
{
	int n = 0;

	line[strcspn(line, "\n")] = '\0';
	while (n < MAX_WORDS - 1 && (words[n] = strsep(&line, "\t")))
		n++;
	words[n] = NULL;
	return n;
}

/* All streams of the program are /dev/null. */
static void prepare(posix_spawn_file_actions_t *actions)
{
	posix_spawn_file_actions_init(actions);
	for (int fd = 0; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(actions, fd, "/dev/null",
						 O_RDWR, 0);
}

int main(void)
{
	posix_spawn_file_actions_t actions;
	char line[8192], *words[MAX_WORDS];

	prepare(&actions);
	while (fgets(line, sizeof(line), stdin)) {
		struct rusage usage;
		long long start, end;
		int status, rc;
		pid_t pid;

		if (split(line, words) == 0)
			continue;
		start = now();
		rc = posix_spawn(&pid, words[0], &actions, NULL, words,
				 environ);
		if (rc == 0)
			wait4(pid, &status, 0, &usage);
		end = now();
		if (rc != 0)
			printf("%d 0 0\n", 127);
		else
			printf("%d %lld %ld\n",
			       WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status),
			       end - start, usage.ru_maxrss);
		fflush(stdout);
	}
	return 0;
}
