/* SPDX-License-Identifier: GPL-2.0 */
/*
 * programs/object.h - a policy program as a file: what it is, its parameters,
 * and getting it into the kernel.
 *
 * Does not belong here: which policy is active, and pins (programs/active.h).
 */
#ifndef OVERHIGH_PROGRAMS_OBJECT_H
#define OVERHIGH_PROGRAMS_OBJECT_H

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include "base/error.h"
#include "overhigh_hook.h"

/* Names of maps in the object: sections of policy.bpf.h. */
#define POLICY_RODATA ".rodata"
#define POLICY_EXIT ".data.exit"

struct program_object {
	char name[OVERHIGH_OPS_NAME_LEN]; /* of its overhigh_ops */
	struct bpf_object *obj;
	struct bpf_map *ops, *rodata, *exit; /* the last two may be NULL */
};

/*
 * Reads the name of the one overhigh_ops that a file must have.  Without
 * libbpf's help, so that versions which know no struct_ops of modules can list
 * files.  -EINVAL: it is no policy, the line is in err.
 */
int program_name_of(const char *path, char name[OVERHIGH_OPS_NAME_LEN],
		    struct error *err);

/* Opens and checks; nothing is loaded yet. */
int program_object_open(struct program_object *o, const char *path,
			struct error *err);

/*
 * "NAME=VALUE".  NAME is a variable of the policy, with or without its ending
 * _ns, which takes a time, or _bytes, which takes a size; others take a number.
 */
int program_object_set(struct program_object *o, const char *setting,
		       struct error *err);

/* Into the kernel, which verifies it; not active yet.  What the verifier said
 * last is printed if it refuses. */
int program_object_load(struct program_object *o, struct error *err);
void program_object_close(struct program_object *o);

/*
 * Each number among the variables of .rodata whose value is at data.  text: as
 * program_object_set() takes it.
 */
typedef void (*parameter_fn)(const char *name, const char *text, int64_t value,
			     void *ctx);
void policy_parameters(const struct btf *btf, const struct btf_type *section,
		       const void *data, size_t size, parameter_fn fn,
		       void *ctx);

/* Whether kernel, module and libbpf can have policies at all; if not the line
 * says what is missing and what to do. */
int program_supported(struct error *err);

#endif /* OVERHIGH_PROGRAMS_OBJECT_H */
