/* config.json: what is accepted is valid again after it was encoded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "oci/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf text = {0}, one = {0}, two = {0};
	struct oci_spec *spec = NULL, *again = NULL;
	struct err err = {0};

	buf_add(&text, data, size);
	if (oci_spec_parse(&spec, text.data, text.len, &err) < 0) {
		/* Every refusal has a sentence of one line. */
		if (!*err.msg || !err.code)
			abort();
	} else {
		json_encode(&oci_spec_json, spec, "  ", &one);
		if (oci_spec_parse(&again, one.data, one.len, NULL) < 0)
			abort();
		json_encode(&oci_spec_json, again, "  ", &two);
		if (strcmp(one.data, two.data) != 0)
			abort();
	}
	oci_spec_free(spec);
	oci_spec_free(again);
	buf_free(&text);
	buf_free(&one);
	buf_free(&two);
	return 0;
}
