/* runtime/rdt.h: linux.intelRdt of a container. */
#pragma once

struct container;
struct err;
struct rdt_change;

int container_apply_rdt(struct container *c, struct err *err);
int container_update_rdt(struct container *c, const struct rdt_change *change,
			 struct err *err);
int container_remove_rdt(struct container *c, struct err *err);
