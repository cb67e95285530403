/* runtime/rootless.h
 * What an ordinary user's container needs that its configuration may lack. */
#pragma once

struct err;
struct oci_spec;

/* Add a user namespace, with the widest mapping that the user may have, when
 * there is none, and leave out of the mounts what that cannot have. */
int rootless_adapt(struct oci_spec *spec, struct err *err);
