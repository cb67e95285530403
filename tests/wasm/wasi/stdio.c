#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The C library on top: what programs really call. */

static void files(void)
{
	char line[64];
	struct stat st;
	FILE *f = fopen("/new.txt", "w+");

	TRUE(f);
	IS(fprintf(f, "%s %d %.3f\n", "line", 1, 2.5), 13);
	rewind(f);
	TRUE(fgets(line, sizeof(line), f));
	IS(strcmp(line, "line 1 2.500\n"), 0);
	IS(fclose(f), 0);
	IS(stat("/new.txt", &st), 0);
	IS(st.st_size, 13);
	TRUE(S_ISREG(st.st_mode));
	TRUE(st.st_mtim.tv_sec > 1700000000);
	f = fopen("new.txt", "a"); /* the working directory is "/" */
	TRUE(f);
	fputs("more\n", f);
	fclose(f);
	IS(stat("/new.txt", &st), 0);
	IS(st.st_size, 18);
	IS(truncate("/new.txt", 4), 0);
	IS(rename("/new.txt", "/dir/new.txt"), 0);
	IS(access("/dir/new.txt", R_OK), 0);
	IS(unlink("/dir/new.txt"), 0);
	IS(access("/dir/new.txt", R_OK), -1);
	IS(errno, ENOENT);
}

static void directories(void)
{
	struct dirent *e;
	int n = 0;
	DIR *d;

	IS(mkdir("/d2", 0755), 0);
	IS(symlink("../file", "/d2/link"), 0);
	IS(open("/d2/x", O_CREAT | O_WRONLY | O_EXCL, 0644) >= 0, 1);
	d = opendir("/d2");
	TRUE(d);
	while ((e = readdir(d)))
		n++;
	IS(n, 4);
	rewinddir(d);
	TRUE(readdir(d));
	closedir(d);
	IS(rmdir("/d2"), -1);
	IS(errno, ENOTEMPTY);
	IS(unlink("/d2/link") | unlink("/d2/x") | rmdir("/d2"), 0);
}

int main(int argc, char **argv)
{
	struct timespec ts = {0, 20000000}, a, b;

	files();
	directories();
	clock_gettime(CLOCK_MONOTONIC, &a);
	IS(nanosleep(&ts, NULL), 0);
	clock_gettime(CLOCK_MONOTONIC, &b);
	TRUE((b.tv_sec - a.tv_sec) * 1000000000ll + b.tv_nsec - a.tv_nsec >=
	     20000000);
	IS(isatty(1), 0);
	IS(open("/../outside/secret", O_RDONLY), -1);
	return done();
}
