/* bench/remove.h
 * Taking away many containers at once. */
#pragma once

struct bench;
struct participant;

/* By force, a few at a time.  `root`: where their state is.  Returns how many
 * of them their runtime did not remove. */
unsigned int remove_containers(struct bench *b, const struct participant *p,
			       const char *root, char *const *ids);
/* Kill every process that has SCRATCH_MARK=dir in its environment; how many
 * there were. */
unsigned int remove_processes(const char *dir);
/* Empty control groups whose name begins with `marker`. */
void remove_cgroups(const char *marker);
/* Those that engines leave at the top: what was there before stays. */
void engine_cgroups_note(void);
void engine_cgroups_remove(void);
/* rm -r, across no mount. */
void remove_tree(const char *path);
