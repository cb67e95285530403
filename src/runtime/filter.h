/* runtime/filter.h
 * linux.seccomp, made ready on the host's side: init only installs it. */
#pragma once

struct err;
struct oci_spec;
struct process_setup;
struct seccomp_prog;

/* Compile the profile, or take it from the cache of compiled filters, into
 * `prog`, which setup->seccomp then points to; connect to listenerPath.
 * Nothing to do without a profile. */
int filter_prepare(const struct oci_spec *spec, struct seccomp_prog *prog,
		   struct process_setup *setup, struct err *err);
