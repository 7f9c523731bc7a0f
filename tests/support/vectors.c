#include "tests/support/vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t vector_text(char out[VECTOR_BYTES], const char *name, const char *key)
{
	char path[512], line[VECTOR_LINE];
	size_t size = 0, length = strlen(key);
	int inside = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.txt", TEST_VECTORS, name);
	file = fopen(path, "re");
	if (!file)
		fail_msg("can't open %s", path);
	while (fgets(line, sizeof(line), file)) {
		const char *part = line + 1;

		line[strcspn(line, "\n")] = '\0';
		if (line[0] != '\t') {
			inside = strncmp(line, key, length) == 0 && line[length] == ' ';
			part = line + length + 1;
		}
		if (inside)
			size += (size_t)snprintf(out + size, VECTOR_BYTES - size, "%s", part);
		assert_true(size < VECTOR_BYTES);
	}
	fclose(file);
	if (size == 0)
		fail_msg("%s has no %s", path, key);
	return size;
}

size_t vector_hex(uint8_t out[VECTOR_BYTES], const char *name, const char *key)
{
	char text[VECTOR_BYTES];
	size_t size = vector_text(text, name, key) / 2;

	for (size_t i = 0; i < size; i++) {
		char pair[] = {text[2 * i], text[2 * i + 1], '\0'};

		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return size;
}

uint64_t vector_number(const char *name, const char *key)
{
	char text[VECTOR_BYTES];

	vector_text(text, name, key);
	return text[0] == '-' ? (uint64_t)strtoll(text, NULL, 10) : strtoull(text, NULL, 10);
}
