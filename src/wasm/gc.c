/* The heap is one range of address space, cut into blocks of 32 KiB:
 *
 *	| small | small | large . . . . . | free | small | ... not yet used |
 *
 * A small block holds objects of one size class.  Two bitmaps per block, kept
 * outside of it, have a bit per slot:
 *	alloc	the slot holds an object
 *	mark	it was reached by the collection that runs
 * Sweeping is `alloc = mark`, and allocation takes the next 0 bit of alloc,
 * so no object is touched to free it.  Anything above half a block gets a
 * run of whole blocks to itself.
 *
 * Invariants:
 *  1. A slot whose alloc bit is set has a valid layout pointer.
 *  2. Outside of gc_collect() all mark bits are 0.
 *  3. blocks[i] for i >= n_committed is FREE, and its memory has no access. */
#include "wasm/gc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
	BLOCK = 32 << 10,
	GRAIN = 16, /* object sizes and addresses are multiples of it */
	MAX_SLOTS = BLOCK / GRAIN,
	MAX_SMALL = BLOCK / 2,
	BITMAP_WORDS = MAX_SLOTS / 64,
	COMMIT_BLOCKS = 32, /* made accessible at once */
	MIN_THRESHOLD = 32, /* blocks before the first collection */
	RELEASE_BLOCKS = 8, /* free runs this long go back to the kernel */
	MARK_STACK = 32 << 10,
};

enum block_kind { FREE, SMALL, LARGE, LARGE_TAIL };

struct block {
	uint8_t kind;
	uint8_t class;
	uint32_t run;  /* LARGE: how many blocks */
	uint32_t next; /* SMALL: the next of its class with room, or NONE */
	uint64_t alloc[BITMAP_WORDS];
	uint64_t mark[BITMAP_WORDS];
};

#define NONE UINT32_MAX

/* Multiples of GRAIN; the larger ones are what a block divides into. */
static const uint16_t class_size[] = {
	16,   32,   48,   64,   80,   96,   112,  128,   160,   192,  224,
	256,  320,  384,  448,  512,  640,  768,  896,   1024,  1360, 1632,
	2048, 2720, 3264, 4096, 5456, 6544, 8192, 10912, 16384,
};

enum { N_CLASSES = sizeof(class_size) / sizeof(class_size[0]) };

/* Where the next object of a class comes from. */
struct cursor {
	uint32_t block; /* NONE at the end of the list */
	uint32_t word;
	uint64_t free; /* slots of that word that are free */
};

struct gc_heap {
	char *base;
	size_t span; /* bytes reserved at base */
	struct block *blocks;
	uint32_t n_blocks, n_committed;
	uint32_t n_used;     /* not FREE */
	uint32_t threshold;  /* collect when n_used would pass it */
	uint32_t first_free; /* no FREE block is below it */
	struct cursor cursor[N_CLASSES];
	uint8_t class_of[MAX_SMALL / GRAIN + 1];

	gc_ref *mark_stack;
	size_t mark_depth;
	bool mark_overflow; /* something marked was not pushed */
	bool torture;       /* gc_heap_torture() */

	gc_roots_fn *roots;
	void *roots_context;
	struct gc_root *host_roots;
	uint64_t collections, live_objects;
};

/* --- heap ------------------------------------------------------------- */

static void *reserve(size_t len, int prot)
{
	void *p = mmap(NULL, len, prot,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static void reset_cursors(struct gc_heap *h)
{
	for (unsigned int c = 0; c < N_CLASSES; c++)
		h->cursor[c] = (struct cursor){.block = NONE};
}

struct gc_heap *gc_heap_new(uint64_t limit, gc_roots_fn *roots, void *context)
{
	uint64_t n = limit / BLOCK + (limit % BLOCK != 0);
	struct gc_heap *h;
	unsigned int class = 0;

	if (n == 0)
		n = 1;
	if (n > NONE / 2)
		return NULL;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->n_blocks = (uint32_t)n;
	h->span = n * BLOCK;
	h->threshold = MIN_THRESHOLD;
	h->roots = roots;
	h->roots_context = context;
	for (size_t g = 0; g <= MAX_SMALL / GRAIN; g++) {
		if (g * GRAIN > class_size[class])
			class ++;
		h->class_of[g] = (uint8_t)class;
	}
	reset_cursors(h);
	h->base = reserve(h->span, PROT_NONE);
	h->blocks = reserve(n * sizeof(struct block), PROT_READ | PROT_WRITE);
	h->mark_stack =
		reserve(MARK_STACK * sizeof(gc_ref), PROT_READ | PROT_WRITE);
	if (!h->base || !h->blocks || !h->mark_stack) {
		gc_heap_free(h);
		return NULL;
	}
	return h;
}

void gc_heap_free(struct gc_heap *h)
{
	if (!h)
		return;
	if (h->base)
		munmap(h->base, h->span);
	if (h->blocks)
		munmap(h->blocks, h->n_blocks * sizeof(struct block));
	if (h->mark_stack)
		munmap(h->mark_stack, MARK_STACK * sizeof(gc_ref));
	free(h);
}

void gc_heap_torture(struct gc_heap *h)
{
	h->torture = true;
}

void gc_heap_stats(const struct gc_heap *h, struct gc_stats *ret)
{
	*ret = (struct gc_stats){
		.limit = h->span,
		.used = (uint64_t)h->n_used * BLOCK,
		.collections = h->collections,
		.live_objects = h->live_objects,
	};
}

/* --- blocks ----------------------------------------------------------- */

static int commit(struct gc_heap *h, uint32_t up_to)
{
	uint32_t n = up_to + COMMIT_BLOCKS - 1;

	n -= n % COMMIT_BLOCKS;
	if (n > h->n_blocks)
		n = h->n_blocks;
	if (up_to <= h->n_committed)
		return 0;
	if (mprotect(h->base + (size_t)h->n_committed * BLOCK,
		     (size_t)(n - h->n_committed) * BLOCK,
		     PROT_READ | PROT_WRITE) < 0)
		return -1;
	h->n_committed = n;
	return 0;
}

/* The first of `n` adjacent free blocks, or NONE. */
static uint32_t find_free(struct gc_heap *h, uint32_t n)
{
	uint32_t run = 0;

	while (h->first_free < h->n_blocks &&
	       h->blocks[h->first_free].kind != FREE)
		h->first_free++;
	for (uint32_t i = h->first_free; i < h->n_blocks; i++) {
		run = h->blocks[i].kind == FREE ? run + 1 : 0;
		if (run == n)
			return i + 1 - n;
	}
	return NONE;
}

static uint32_t take_blocks(struct gc_heap *h, uint32_t n)
{
	uint32_t i = find_free(h, n);

	if (i == NONE || commit(h, i + n) < 0)
		return NONE;
	h->n_used += n;
	return i;
}

static bool time_to_collect(const struct gc_heap *h, uint32_t n)
{
	return n > h->threshold || h->n_used > h->threshold - n;
}

/* --- allocation ------------------------------------------------------- */

static unsigned int slots_of(unsigned int class)
{
	return BLOCK / class_size[class];
}

/* The slots of one bitmap word that are free. */
static uint64_t free_slots(const struct block *b, uint32_t word)
{
	unsigned int n = slots_of(b->class), first = word * 64;
	uint64_t exist;

	if (first >= n)
		return 0;
	exist = n - first >= 64 ? ~UINT64_C(0)
				: (UINT64_C(1) << (n - first)) - 1;
	return exist & ~b->alloc[word];
}

/* Move the cursor to the next free slot among the blocks of its class. */
static bool advance(struct gc_heap *h, struct cursor *c)
{
	while (c->block != NONE) {
		struct block *b = &h->blocks[c->block];

		while (++c->word < BITMAP_WORDS) {
			c->free = free_slots(b, c->word);
			if (c->free)
				return true;
		}
		*c = (struct cursor){.block = b->next, .word = UINT32_MAX};
	}
	return false;
}

static void start_block(struct gc_heap *h, unsigned int class, uint32_t i)
{
	struct block *b = &h->blocks[i];

	b->kind = SMALL;
	b->class = (uint8_t)class;
	b->next = NONE;
	h->cursor[class] = (struct cursor){.block = i};
	h->cursor[class].free = free_slots(b, 0);
}

/* Find room for the class: in its blocks, by collecting if it is time, in a
 * new block, by collecting as the last resort. */
static bool refill(struct gc_heap *h, unsigned int class)
{
	struct cursor *c = &h->cursor[class];
	uint32_t i;

	if (advance(h, c))
		return true;
	if (time_to_collect(h, 1)) {
		gc_collect(h);
		if (advance(h, c))
			return true;
	}
	i = take_blocks(h, 1);
	if (i == NONE) {
		gc_collect(h);
		if (advance(h, c))
			return true;
		i = take_blocks(h, 1);
		if (i == NONE)
			return false;
	}
	start_block(h, class, i);
	return true;
}

/* Most objects are too small for a call of memset() to pay off. */
static void *zero(char *p, size_t size)
{
	if (size > 8 * GRAIN)
		return memset(p, 0, size);
	for (size_t i = 0; i < size; i += GRAIN)
		memset(p + i, 0, GRAIN);
	return p;
}

static void *alloc_small(struct gc_heap *h, size_t size)
{
	unsigned int class = h->class_of[(size + GRAIN - 1) / GRAIN], bit;
	struct cursor *c = &h->cursor[class];
	char *p;

	if (!c->free && !refill(h, class))
		return NULL;
	bit = (unsigned int)__builtin_ctzll(c->free);
	c->free &= c->free - 1;
	h->blocks[c->block].alloc[c->word] |= UINT64_C(1) << bit;
	p = h->base + (size_t)c->block * BLOCK +
	    (size_t)(c->word * 64 + bit) * class_size[class];
	return zero(p, size);
}

static void *alloc_large(struct gc_heap *h, size_t size)
{
	uint64_t n = (size + BLOCK - 1) / BLOCK;
	uint32_t i;
	char *p;

	if (n > h->n_blocks)
		return NULL;
	if (time_to_collect(h, (uint32_t)n))
		gc_collect(h);
	i = take_blocks(h, (uint32_t)n);
	if (i == NONE) {
		gc_collect(h);
		i = take_blocks(h, (uint32_t)n);
		if (i == NONE)
			return NULL;
	}
	h->blocks[i].kind = LARGE;
	h->blocks[i].run = (uint32_t)n;
	for (uint32_t k = 1; k < n; k++)
		h->blocks[i + k].kind = LARGE_TAIL;
	p = h->base + (size_t)i * BLOCK;
	return memset(p, 0, size);
}

static gc_ref alloc(struct gc_heap *h, const struct gc_layout *layout,
		    size_t size)
{
	struct gc_object *o;

	if (h->torture)
		gc_collect(h);
	o = size <= MAX_SMALL ? alloc_small(h, size) : alloc_large(h, size);
	if (!o)
		return 0;
	o->layout = layout;
	return (gc_ref)(uintptr_t)o;
}

gc_ref gc_new(struct gc_heap *heap, const struct gc_layout *layout)
{
	return alloc(heap, layout, layout->size);
}

gc_ref gc_new_array(struct gc_heap *heap, const struct gc_layout *layout,
		    uint32_t length)
{
	gc_ref ref = alloc(
		heap, layout,
		sizeof(struct gc_array) +
			((size_t)length << gc_storage_shift(layout->element)));

	if (ref)
		gc_array(ref)->length = length;
	return ref;
}

/* --- host objects and roots ------------------------------------------- */

struct host_object {
	struct gc_object object;
	void *data;
};

static const struct gc_layout host_layout = {
	.kind = GC_HOST,
	.size = sizeof(struct host_object),
};

gc_ref gc_new_host(struct gc_heap *heap, void *data)
{
	gc_ref ref = gc_new(heap, &host_layout);

	if (ref)
		((struct host_object *)gc_object(ref))->data = data;
	return ref;
}

bool gc_is_host(gc_ref ref)
{
	return ref && !gc_is_i31(ref) &&
	       gc_object(ref)->layout->kind == GC_HOST;
}

void *gc_host_data(gc_ref ref)
{
	return ((struct host_object *)gc_object(ref))->data;
}

void gc_root_add(struct gc_heap *heap, struct gc_root *root, gc_ref ref)
{
	root->ref = ref;
	root->next = heap->host_roots;
	root->link = &heap->host_roots;
	if (root->next)
		root->next->link = &root->next;
	heap->host_roots = root;
}

void gc_root_remove(struct gc_root *root)
{
	if (!root->link)
		return;
	*root->link = root->next;
	if (root->next)
		root->next->link = root->link;
	root->link = NULL;
}

/* --- marking ---------------------------------------------------------- */

/* The mark word and bit of the object at `ref`, or false if none is there. */
static bool find_object(struct gc_heap *h, gc_ref ref, uint64_t **word,
			uint64_t *bit)
{
	uint64_t off = ref - (uintptr_t)h->base;
	struct block *b;
	uint32_t in, slot;

	if (off >= (uint64_t)h->n_committed * BLOCK || off % GRAIN)
		return false;
	b = &h->blocks[off / BLOCK];
	in = off % BLOCK;
	if (b->kind == LARGE && in == 0) {
		*word = b->mark;
		*bit = 1;
		return true;
	}
	if (b->kind != SMALL)
		return false;
	slot = in / class_size[b->class];
	if (in % class_size[b->class] || slot >= slots_of(b->class))
		return false;
	*word = &b->mark[slot / 64];
	*bit = UINT64_C(1) << (slot % 64);
	return b->alloc[slot / 64] & *bit;
}

void gc_mark(struct gc_heap *h, gc_ref ref)
{
	uint64_t *word, bit;

	if (!find_object(h, ref, &word, &bit) || *word & bit)
		return;
	*word |= bit;
	if (h->mark_depth < MARK_STACK)
		h->mark_stack[h->mark_depth++] = ref;
	else
		h->mark_overflow = true;
}

void gc_mark_words(struct gc_heap *h, const void *start, size_t bytes)
{
	const gc_ref *words = start;

	for (size_t i = 0; i < bytes / sizeof(*words); i++)
		gc_mark(h, words[i]);
}

/* The first byte of what an address may be inside of. */
static gc_ref object_start(const struct gc_heap *h, uintptr_t at)
{
	uintptr_t in = at - (uintptr_t)h->base;
	uint32_t i = (uint32_t)(in / BLOCK);

	if (at < (uintptr_t)h->base || in >= (uint64_t)h->n_committed * BLOCK)
		return 0;
	switch (h->blocks[i].kind) {
	case SMALL:
		return at - in % BLOCK % class_size[h->blocks[i].class];
	case LARGE_TAIL:
		while (h->blocks[i].kind == LARGE_TAIL)
			i--;
		__attribute__((fallthrough));
	case LARGE:
		return (uintptr_t)h->base + (size_t)i * BLOCK;
	default:
		return 0;
	}
}

/* Not in the order of its bytes for a sanitizer's eyes: this is the stack. */
void __attribute__((no_sanitize("address")))
gc_mark_inside(struct gc_heap *h, const void *start, size_t bytes)
{
	const uintptr_t *words = start;

	for (size_t i = 0; i < bytes / sizeof(*words); i++) {
		/* One past the end of an object is where a loop may stand. */
		gc_mark(h, object_start(h, words[i]));
		gc_mark(h, object_start(h, words[i] - 1));
	}
}

static void mark_children(struct gc_heap *h, gc_ref ref)
{
	const struct gc_layout *l = gc_object(ref)->layout;

	if (l->kind == GC_ARRAY && l->element == GC_STORE_REF)
		gc_mark_words(h, gc_array(ref)->data,
			      (size_t)gc_array(ref)->length * sizeof(gc_ref));
	for (uint32_t i = 0; i < l->n_refs; i++)
		gc_mark(h, *(gc_ref *)((char *)gc_object(ref) + l->refs[i]));
}

static void drain(struct gc_heap *h)
{
	while (h->mark_depth > 0)
		mark_children(h, h->mark_stack[--h->mark_depth]);
}

/* Some marked objects were never pushed, because the stack was full.  Look
 * at all marked ones again; most of their children are marked by now. */
static void mark_again(struct gc_heap *h)
{
	for (uint32_t i = 0; i < h->n_committed; i++) {
		struct block *b = &h->blocks[i];
		char *at = h->base + (size_t)i * BLOCK;
		size_t size = b->kind == SMALL ? class_size[b->class] : BLOCK;

		if (b->kind != SMALL && b->kind != LARGE)
			continue;
		for (uint32_t w = 0; w < BITMAP_WORDS; w++) {
			for (uint64_t m = b->mark[w]; m; m &= m - 1) {
				size_t slot =
					w * 64 + (size_t)__builtin_ctzll(m);

				mark_children(h, (uintptr_t)(at + slot * size));
				drain(h);
			}
		}
	}
}

static void mark_all(struct gc_heap *h)
{
	for (struct gc_root *r = h->host_roots; r; r = r->next)
		gc_mark(h, r->ref);
	if (h->roots)
		h->roots(h, h->roots_context);
	drain(h);
	while (h->mark_overflow) {
		h->mark_overflow = false;
		mark_again(h);
	}
}

/* --- sweeping --------------------------------------------------------- */

static void overwrite_free(struct gc_heap *h, uint32_t i)
{
	const struct block *b = &h->blocks[i];
	size_t size = class_size[b->class];
	char *at = h->base + (size_t)i * BLOCK;

	for (unsigned int slot = 0; slot < slots_of(b->class); slot++)
		if (!(b->alloc[slot / 64] >> (slot % 64) & 1))
			memset(at + slot * size, 0xdd, size);
}

static void sweep_small(struct gc_heap *h, uint32_t i)
{
	struct block *b = &h->blocks[i];
	struct cursor *c = &h->cursor[b->class];
	unsigned int live = 0;

	for (uint32_t w = 0; w < BITMAP_WORDS; w++) {
		b->alloc[w] = b->mark[w];
		b->mark[w] = 0;
		live += (unsigned int)__builtin_popcountll(b->alloc[w]);
	}
	h->live_objects += live;
	if (h->torture)
		overwrite_free(h, i);
	if (live == 0) {
		b->kind = FREE;
		h->n_used--;
	} else if (live < slots_of(b->class)) {
		b->next = c->block;
		*c = (struct cursor){.block = i, .word = UINT32_MAX};
	}
}

static void sweep_large(struct gc_heap *h, uint32_t i)
{
	struct block *b = &h->blocks[i];

	if (b->mark[0]) {
		b->mark[0] = 0;
		h->live_objects++;
		return;
	}
	h->n_used -= b->run;
	for (uint32_t k = 0; k < b->run; k++)
		h->blocks[i + k].kind = FREE;
}

/* Give the memory of long runs of free blocks back to the kernel, unless most
 * of them will be in use again before the next collection. */
static void release_free(struct gc_heap *h)
{
	uint32_t run = 0;

	if (h->n_committed <= h->threshold + RELEASE_BLOCKS)
		return;
	for (uint32_t i = 0; i <= h->n_committed; i++) {
		if (i < h->n_committed && h->blocks[i].kind == FREE) {
			run++;
			continue;
		}
		if (run >= RELEASE_BLOCKS)
			madvise(h->base + (size_t)(i - run) * BLOCK,
				(size_t)run * BLOCK, MADV_DONTNEED);
		run = 0;
	}
}

void gc_collect(struct gc_heap *h)
{
	uint64_t next;

	mark_all(h);
	h->collections++;
	h->live_objects = 0;
	h->first_free = 0;
	reset_cursors(h);
	for (uint32_t i = h->n_committed; i-- > 0;) {
		if (h->blocks[i].kind == SMALL)
			sweep_small(h, i);
		else if (h->blocks[i].kind == LARGE)
			sweep_large(h, i);
	}
	next = 2 * (uint64_t)h->n_used;
	if (next < MIN_THRESHOLD)
		next = MIN_THRESHOLD;
	h->threshold = next > h->n_blocks ? h->n_blocks : (uint32_t)next;
	release_free(h);
}
