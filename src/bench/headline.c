/* bench/headline.c
 * What the run says about hull, in sentences that anyone can check in the
 * tables below them.  A better or a worse result is said the same way. */
#include <math.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bench/report_internal.h"

/* hull's sandboxes that took part, without engines that run them. */
static bool speaks_for_hull(const struct view *v, const char *name)
{
	(void)v;
	return str_after(name, "hull") && !strchr(name, '+');
}

static void boot_words(const struct view *v, const char *name, struct buf *out)
{
	const struct bench_boot *own, *base;

	if (!view_both_boot(v, name, v->baseline, &own, &base))
		return;
	buf_printf(out, "boots in %s of %s’s time",
		   say_part(v->arena, own->total.median / base->total.median),
		   v->baseline);
}

static void memory_words(const struct view *v, const char *name,
			 struct buf *out)
{
	const struct bench_memory *own, *base;
	double less;

	if (!view_both_memory(v, name, v->baseline, &own, &base))
		return;
	less = 1 - (double)bench_taken(own) / (double)bench_taken(base);
	buf_printf(out, "%s%s ", out->len ? ", " : "",
		   say_count(v->arena, own->count));
	if (out->len && strstr(out->data, "boots"))
		buf_adds(out, "take ");
	else
		buf_adds(out, "asleep take ");
	if (fabs(less) < 0.005)
		buf_adds(out, "the same memory");
	else
		buf_printf(out, "%.0f%% %s memory", fabs(less) * 100,
			   less > 0 ? "less" : "more");
	if (!strstr(out->data, "boots"))
		buf_printf(out, " %s with %s",
			   fabs(less) < 0.005 ? "as" : "than", v->baseline);
}

static void headline(const struct view *v, struct buf *out)
{
	size_t said = 0;

	for (size_t i = 0; i < v->n && v->baseline; i++) {
		_cleanup_buf_ struct buf words = {0};

		if (!speaks_for_hull(v, v->names[i]))
			continue;
		boot_words(v, v->names[i], &words);
		memory_words(v, v->names[i], &words);
		if (!words.len)
			continue;
		buf_printf(out, "%s %s.\n", v->names[i], words.data);
		said++;
	}
	if (said)
		return;
	if (!v->r->n_boot && !v->r->n_memory)
		buf_adds(out, "Neither boot time nor memory was measured.\n");
	else if (!v->baseline)
		buf_adds(out, "No other OCI runtime was measured, so hull is "
			      "compared with nothing.\n");
	else
		buf_printf(out,
			   "hull was not measured beside %s, so there is "
			   "nothing to compare.\n",
			   v->baseline);
}

void bench_headline(const struct bench_results *r, struct buf *out)
{
	_cleanup_arena_ struct arena *arena = arena_new(0);
	struct view v;

	view_init(&v, r, arena);
	headline(&v, out);
}

/* ----------------------------------------------------------------- tiles -- */

static struct tile boot_tile(const struct view *v, const char *name)
{
	const struct bench_boot *own, *base;
	struct tile t = {.big = "–",
			 .label = arena_printf(v->arena, "%s: boot time", name),
			 .detail = "not measured beside the same"};

	if (!view_both_boot(v, name, v->baseline, &own, &base))
		return t;
	t.owner = name;
	t.big = say_part(v->arena, own->total.median / base->total.median);
	t.label = arena_printf(v->arena, "of %s’s boot time", v->baseline);
	t.detail = arena_printf(v->arena, "%s: %s, not %s; median of %s", name,
				say_ms(v->arena, own->total.median),
				say_ms(v->arena, base->total.median),
				say_count(v->arena, own->total.n));
	return t;
}

static struct tile memory_tile(const struct view *v, const char *name)
{
	const struct bench_memory *own, *base;
	struct tile t = {.big = "–",
			 .label = arena_printf(v->arena, "%s: memory", name),
			 .detail = "not measured beside the same"};

	if (!view_both_memory(v, name, v->baseline, &own, &base))
		return t;
	t.owner = name;
	t.big = say_part(v->arena,
			 (double)bench_taken(own) / (double)bench_taken(base));
	t.label = arena_printf(v->arena, "of %s’s memory", v->baseline);
	t.detail = arena_printf(v->arena, "%s: %s for %s, not %s", name,
				say_bytes(v->arena, (double)bench_taken(own)),
				say_count(v->arena, own->count),
				say_bytes(v->arena, (double)bench_taken(base)));
	return t;
}

size_t headline_tiles(const struct view *v, struct tile *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < v->n && v->baseline && n + 2 <= 4; i++) {
		if (!speaks_for_hull(v, v->names[i]))
			continue;
		if (v->r->n_boot)
			ret[n++] = boot_tile(v, v->names[i]);
		if (v->r->n_memory)
			ret[n++] = memory_tile(v, v->names[i]);
	}
	return n;
}
