/* Four threads that count together: "400000" when none was lost. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

enum { THREADS = 4, EACH = 100000 };

static atomic_uint count;

static void *work(void *arg)
{
	for (int i = 0; i < EACH; i++)
		atomic_fetch_add(&count, 1);
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0) {
			perror("threads: pthread_create");
			return 1;
		}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	printf("%u\n", atomic_load(&count));
	return 0;
}
