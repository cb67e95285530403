/* tests/unit/oci_doc.h
 * config.json for tests: the smallest document, and what is said of it. */
#pragma once

#include <string.h>

#include "base/err.h"
#include "base/str.h"
#include "oci/spec.h"
#include "test.h"

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

static struct err err;

static inline struct oci_spec *parse(const char *text)
{
	struct oci_spec *spec = NULL;

	err = (struct err){0};
	if (oci_spec_parse(&spec, text, strlen(text), &err) < 0)
		return NULL;
	return spec;
}

static inline struct oci_spec *good(const char *text)
{
	struct oci_spec *spec = parse(text);

	if (!spec)
		test_fail(__FILE__, __LINE__, "%s", err.msg);
	return spec;
}

/* The smallest document, with more members for the process, for linux and for
 * the top.  The last of equal names counts. */
#define DOC(process, linux_, top)                                             \
	"{\"ociVersion\":\"1.3.0\",\"process\":{\"args\":[\"sh\"],"           \
	"\"cwd\":\"/\"" process "},\"root\":{\"path\":\"rootfs\"},"           \
	"\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"uts\"}," \
	"{\"type\":\"ipc\"},{\"type\":\"network\"},{\"type\":\"user\"},"      \
	"{\"type\":\"time\"}]" linux_ "}" top "}"
#define PROCESS(m) DOC("," m, "", "")
#define LINUX(m)   DOC("", "," m, "")
#define TOP(m)     DOC("", "", "," m)
