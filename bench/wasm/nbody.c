/* 3fd6a90b6c90d1c8: floating point, division and square roots */
#include <math.h>
#include <string.h>

#include "kernel.h"

enum { BODIES = 5 };

static struct body {
	double x[3], v[3], mass;
} bodies[BODIES] = {
	{{0, 0, 0}, {0, 0, 0}, 39.47},
	{{4.84, -1.16, -0.10}, {0.60, 2.81, -0.02}, 0.037},
	{{8.34, 4.12, -0.40}, {-1.01, 1.82, 0.008}, 0.011},
	{{12.89, -15.11, -0.22}, {1.08, 0.86, -0.010}, 0.0017},
	{{15.37, -25.91, 0.17}, {0.97, 0.59, -0.034}, 0.0020},
};

static void advance(double dt)
{
	for (int i = 0; i < BODIES; i++)
		for (int j = i + 1; j < BODIES; j++) {
			double d[3], sq = 0, mag;

			for (int k = 0; k < 3; k++) {
				d[k] = bodies[i].x[k] - bodies[j].x[k];
				sq += d[k] * d[k];
			}
			mag = dt / (sq * sqrt(sq));
			for (int k = 0; k < 3; k++) {
				bodies[i].v[k] -= d[k] * bodies[j].mass * mag;
				bodies[j].v[k] += d[k] * bodies[i].mass * mag;
			}
		}
	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++)
			bodies[i].x[k] += dt * bodies[i].v[k];
}

int main(void)
{
	double energy = 0;
	uint64_t bits;

	for (int i = 0; i < 3000000; i++)
		advance(0.001);
	for (int i = 0; i < BODIES; i++)
		for (int k = 0; k < 3; k++)
			energy += bodies[i].mass * bodies[i].v[k] *
				  bodies[i].v[k];
	memcpy(&bits, &energy, sizeof(bits));
	return result(bits);
}
