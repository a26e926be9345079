// SPDX-License-Identifier: GPL-2.0
/*
 * commands/policy.c - overhigh policy: load, list, show and unload policy
 * programs.
 *
 * Does not belong here: reading and loading a file (programs/object.h), pins
 * and replacing (programs/active.h).
 */
#include <cjson/cJSON.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "base/lock.h"
#include "commands/command.h"
#include "text/format.h"
#include "base/log.h"
#include "pins/pins.h"
#include "programs/active.h"
#include "programs/object.h"
#include "report/policy_json.h"

#ifndef POLICY_DIR /* the Makefile's PREFIX decides */
#define POLICY_DIR "/usr/local/lib/overhigh/policies"
#endif
#define POLICY_FILE ".bpf.o"
#define BUILT_IN "built-in (quadratic)"
#define MAX_SETTINGS 32

static const char load_doc[] =
	"Make a policy program the active one, in place of another if there "
	"is one.\v"
	"FILE is an object file, or the name of one in " POLICY_DIR
	".  It stays active after this command, until it is unloaded or "
	"overhigh is.  Parameters are listed by 'policy show'; one whose name "
	"ends in _ns takes a time, in _bytes a size.\n\n"
	"Examples:\n"
	"  overhigh policy load linear\n"
	"  overhigh policy load rate --set rate=4M --set burst=16M\n"
	"  overhigh policy load ./half.bpf.o";
static const char list_doc[] = "Show the active policy, and the policies that "
			       "are installed in " POLICY_DIR ".";
static const char show_doc[] =
	"Show the active policy, its file and parameters; of one that has "
	"ended by itself, why.";
static const char unload_doc[] =
	"Unload the policy program: the built-in policy takes over.";

/* ---- load ---- */

static const struct command command_policy_load, command_policy_list,
	command_policy_show, command_policy_unload;

struct load_settings {
	const char *file;
	const char *set[MAX_SETTINGS];
	int sets;
	struct error *err;
};

static const struct argp_option load_options[] = {
	{ "set", 's', "NAME=VALUE", 0, "a parameter of the policy", 0 },
	{ 0 },
};

static error_t parse_load(int key, char *arg, struct argp_state *state)
{
	struct load_settings *settings = state->input;

	switch (key) {
	case 's':
		if (settings->sets == MAX_SETTINGS) {
			bad_input(settings->err, "more than %d times --set",
				  MAX_SETTINGS);
			return EINVAL;
		}
		settings->set[settings->sets++] = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (settings->file)
			return ARGP_ERR_UNKNOWN;
		settings->file = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* A name alone is that of an installed policy, whatever lies in the folder that
 * root happens to be in. */
static int find_file(const char *given, char path[PATH_MAX], struct error *err)
{
	if (strchr(given, '/')) {
		snprintf(path, PATH_MAX, "%s", given);
		return 0;
	}
	snprintf(path, PATH_MAX, "%s/%s%s", POLICY_DIR, given, POLICY_FILE);
	if (!access(path, F_OK))
		return 0;
	return bad_input(err,
			 "no policy '%.64s' is installed in " POLICY_DIR
			 ": 'overhigh policy list' shows those; a file is "
			 "given with its path, like ./%.64s",
			 given, given);
}

static int load_and_activate(struct program_object *o, const char *file,
			     struct error *err)
{
	int lock, ret = program_object_load(o, err);

	if (ret)
		return ret;
	lock = lock_take(LOCK_POLICY, true, err);
	if (lock < 0)
		return lock;
	ret = program_activate(o, file, err);
	close(lock);
	return ret;
}

static int load(int argc, char **argv, struct error *err)
{
	struct load_settings settings = { .err = err };
	char path[PATH_MAX];
	struct program_object o;
	int i, ret;

	ret = command_parse(&command_policy_load, argc, argv, &settings, err);
	if (!ret && !settings.file)
		ret = bad_input(err, "which FILE?  See 'overhigh policy list'");
	if (ret)
		return ret;
	ret = find_file(settings.file, path, err);
	if (ret)
		return ret;
	settings.file = path;
	/* what is wrong with the file is said everywhere */
	ret = program_name_of(settings.file, o.name, err);
	if (!ret)
		ret = program_supported(err);
	if (!ret)
		ret = program_object_open(&o, settings.file, err);
	if (ret)
		return ret;
	for (i = 0; i < settings.sets && !ret; i++)
		ret = program_object_set(&o, settings.set[i], err);
	if (!ret)
		ret = load_and_activate(&o, settings.file, err);
	if (!ret)
		say("policy %s is active", o.name);
	program_object_close(&o);
	return ret;
}

static const struct command command_policy_load = {
	.name = "policy load",
	.summary = "FILE [--set NAME=VALUE]...",
	.arguments = "FILE",
	.doc = load_doc,
	.options = load_options,
	.parse = parse_load,
	.run = load,
};

/* ---- list ---- */

static int is_policy_file(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name), m = strlen(POLICY_FILE);

	return n > m && !strcmp(entry->d_name + n - m, POLICY_FILE);
}

static cJSON *installed(void)
{
	cJSON *array = cJSON_CreateArray(), *one;
	char name[OVERHIGH_OPS_NAME_LEN], path[PATH_MAX];
	struct dirent **entries;
	int i, n = scandir(POLICY_DIR, &entries, is_policy_file, alphasort);
	struct error err;

	for (i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", POLICY_DIR,
			 entries[i]->d_name);
		one = cJSON_CreateObject();
		if (program_name_of(path, name, &err))
			cJSON_AddStringToObject(one, "refused", err.text);
		else
			cJSON_AddStringToObject(one, "name", name);
		cJSON_AddStringToObject(one, "file", path);
		cJSON_AddItemToArray(array, one);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return array;
}

/* ---- show ---- */

static const char *exit_kind(__u32 kind)
{
	static const char *const names[] = {
		[OVERHIGH_EXIT_NONE] = "none",
		[OVERHIGH_EXIT_UNLOADED] = "unloaded",
		[OVERHIGH_EXIT_REPLACED] = "replaced",
		[OVERHIGH_EXIT_ERROR] = "error",
		[OVERHIGH_EXIT_ITSELF] = "itself",
	};

	return kind < sizeof(names) / sizeof(*names) ? names[kind] : "unknown";
}

static void add_parameter(const char *name, const char *text, int64_t value,
			  void *ctx)
{
	cJSON *one = cJSON_AddObjectToObject(ctx, name);

	cJSON_AddNumberToObject(one, "value", value);
	cJSON_AddStringToObject(one, "text", text);
}

static void add_active(cJSON *object, const struct program_active *active)
{
	const struct overhigh_exit_info *why = &active->exit;
	cJSON *exit;

	cJSON_AddStringToObject(object, "policy", active->about.name);
	cJSON_AddStringToObject(object, "state",
				why->kind ? "ended" : "active");
	cJSON_AddStringToObject(object, "file", active->about.file);
	cJSON_AddNumberToObject(object, "since_s", active->about.since_s);
	program_read_parameters(add_parameter,
				cJSON_AddObjectToObject(object, "parameters"));
	if (!why->kind)
		return;
	exit = cJSON_AddObjectToObject(object, "exit");
	cJSON_AddStringToObject(exit, "kind", exit_kind(why->kind));
	cJSON_AddNumberToObject(exit, "value", why->value);
	cJSON_AddStringToObject(exit, "reason", why->reason);
}

static int new_object(cJSON **object, struct error *err)
{
	struct program_active *active = malloc(sizeof(*active));
	int ret = active ? program_read(active, err) :
			   fail(err, ENOMEM, "no memory");

	*object = NULL;
	if (!ret || ret == -ENOENT)
		*object = cJSON_CreateObject();
	if (!ret) {
		add_active(*object, active);
	} else if (ret == -ENOENT) {
		cJSON_AddStringToObject(*object, "policy", BUILT_IN);
		cJSON_AddStringToObject(*object, "state", "built-in");
		ret = 0;
	}
	free(active);
	return ret;
}

static const char *text_of(const cJSON *object, const char *name)
{
	return cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
}

/* "linear, active since 2026-11-24 15:00:00" */
static void print_headline(const cJSON *object)
{
	const cJSON *since = cJSON_GetObjectItem(object, "since_s");
	const cJSON *exit = cJSON_GetObjectItem(object, "exit");
	time_t seconds = since ? (time_t)since->valuedouble : 0;
	char text[32] = "";
	struct tm tm;

	if (since && localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%F %T", &tm);
	printf("%s", text_of(object, "policy"));
	if (since)
		printf(", %s %s", exit ? "loaded" : "active since", text);
	printf("\n");
	if (!exit)
		return;
	printf("ended: %s", text_of(exit, "reason"));
	if (!strcmp(text_of(exit, "kind"), "error"))
		printf(" (%.0f)",
		       cJSON_GetObjectItem(exit, "value")->valuedouble);
	printf("; in force is: " BUILT_IN "\n");
}

static void print_show(const cJSON *object)
{
	const cJSON *one;

	print_headline(object);
	if (text_of(object, "file"))
		printf("%-16s %s\n", "file", text_of(object, "file"));
	cJSON_ArrayForEach(one, cJSON_GetObjectItem(object, "parameters"))
		printf("%-16s %s\n", one->string, text_of(one, "text"));
}

static int show(int argc, char **argv, struct error *err)
{
	cJSON *object;
	int json = 0, ret;

	ret = command_parse(&command_policy_show, argc, argv, &json, err);
	if (!ret)
		ret = new_object(&object, err);
	if (ret)
		return ret;
	if (json)
		show_json(object);
	else
		print_show(object);
	cJSON_Delete(object);
	return 0;
}

static const struct command command_policy_show = {
	.name = "policy show",
	.summary = "the active one in detail",
	.doc = show_doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = show,
};

static int list(int argc, char **argv, struct error *err)
{
	cJSON *object = NULL, *active;
	const cJSON *one;
	int json = 0, ret;

	ret = command_parse(&command_policy_list, argc, argv, &json, err);
	if (!ret)
		ret = new_object(&active, err);
	if (ret)
		return ret;
	object = cJSON_CreateObject();
	cJSON_AddItemToObject(object, "active", active);
	cJSON_AddItemToObject(object, "installed", installed());
	if (json) {
		show_json(object);
	} else {
		print_headline(active);
		cJSON_ArrayForEach(one,
				   cJSON_GetObjectItem(object, "installed"))
			printf("  %-16s %s\n",
			       text_of(one, "name") ? text_of(one, "name") :
						      "(no policy)",
			       text_of(one, "file"));
	}
	cJSON_Delete(object);
	return 0;
}

static const struct command command_policy_list = {
	.name = "policy list",
	.summary = "the active one, the installed",
	.doc = list_doc,
	.options = command_json,
	.parse = command_parse_json,
	.run = list,
};

/* ---- unload ---- */

static int deactivate(struct program_active *active, struct error *err)
{
	struct overhigh_exit_info last;
	int lock, ret = program_read(active, err);

	if (ret == -ENOENT)
		return bad_input(err, "no policy program is loaded");
	if (ret && ret != -EPROTO)
		return ret;
	lock = lock_take(LOCK_POLICY, true, err);
	if (lock < 0)
		return lock;
	ret = program_deactivate(&last, err);
	close(lock);
	if (!ret)
		say("policy %s: %s", active->about.name,
		    last.kind ? last.reason : "unloaded");
	return ret;
}

static int unload(int argc, char **argv, struct error *err)
{
	struct program_active *active;
	int ret = command_parse(&command_policy_unload, argc, argv, NULL, err);

	if (ret)
		return ret;
	active = malloc(sizeof(*active));
	if (!active)
		return fail(err, ENOMEM, "no memory");
	ret = deactivate(active, err);
	free(active);
	return ret;
}

static const struct command command_policy_unload = {
	.name = "policy unload",
	.summary = "back to the built-in",
	.doc = unload_doc,
	.run = unload,
};

/* ---- which of them ---- */

static const struct command *const subcommands[] = {
	&command_policy_load,
	&command_policy_list,
	&command_policy_show,
	&command_policy_unload,
	NULL,
};

static int usage(void)
{
	printf("Usage: overhigh policy COMMAND [OPTION...]\n"
	       "What happens to a process that is over, as a BPF program.\n\n");
	command_print_list(stdout, subcommands);
	printf("\n'overhigh policy COMMAND --help' shows more.\n");
	return 0;
}

static int run(int argc, char **argv, struct error *err)
{
	const struct command *command;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-?")))
		return usage();
	command = argc > 1 ? command_find(subcommands, argv[1]) : NULL;
	if (command)
		return command->run(argc - 1, argv + 1, err);
	return bad_input(err, "overhigh policy load, list, show or unload: see "
			      "'overhigh policy --help'");
}

const struct command command_policy = {
	.name = "policy",
	.summary = "load, show, unload a policy program",
	.subcommands = subcommands,
	.run = run,
};
