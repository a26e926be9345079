// SPDX-License-Identifier: GPL-2.0
/* commands/run.c - overhigh run: be the loader, in the foreground. */
#include <stdlib.h>
#include <string.h>
#include "commands/command.h"
#include "daemon/daemon.h"
#include "govern/policy_maps.h"
#include "govern/rules_maps.h"
#include "base/log.h"
#include "rules/rules.h"

static const char doc[] =
	"Load overhigh, enforce policies and report events until SIGINT or "
	"SIGTERM.\v"
	"Maps and links are pinned under " PIN_DIR
	"; a run that finds them takes over without a gap.  At its end it "
	"detaches everything unless --keep is given; after a crash the pinned "
	"links go on with everything that needs no loader.\n\n"
	"Examples:\n"
	"  overhigh run\n"
	"  overhigh run --json >>/var/log/overhigh.json\n"
	"  overhigh run --dry-run";

enum {
	KEY_CONFIG = 0x800
};

static const struct argp_option options[] = {
	{ "config", KEY_CONFIG, "PATH", 0,
	  "rules from this file or directory, not from /etc/overhigh", 0 },
	{ "dry-run", 'n', NULL, 0, "report what would be done, do nothing", 0 },
	{ "exact", 'e', NULL, 0,
	  "see every crossing to the page, at a cost for all processes", 0 },
	{ "hook", 'H', "auto|require|off", 0,
	  "use of the kernel module overhigh_hook, default: auto", 0 },
	{ "json", 'j', NULL, 0, "events as JSON, one object a line", 0 },
	{ "keep", 'k', NULL, 0, "leave everything attached at the end", 0 },
	{ "verbose", 'v', NULL, 0, "show what libbpf and the verifier say", 0 },
	{ 0 },
};

struct settings {
	struct daemon daemon;
	bool keep;
	struct error *err;
	const char *config;
};

static int set_module(struct daemon *d, const char *word, struct error *err)
{
	static const char *const words[] = { [MODULE_AUTO] = "auto",
					     [MODULE_REQUIRE] = "require",
					     [MODULE_OFF] = "off" };
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (!strcmp(word, words[i])) {
			d->module = i;
			return 0;
		}
	return bad_input(err, "--hook '%s' is not auto, require or off", word);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;

	switch (key) {
	case 'H':
		return set_module(&settings->daemon, arg, settings->err) ?
			       EINVAL :
			       0;
	case KEY_CONFIG:
		settings->config = arg;
		return 0;
	case 'e':
		settings->daemon.exact = true;
		return 0;
	case 'n':
		settings->daemon.dry_run = true;
		return 0;
	case 'j':
		settings->daemon.json = true;
		return 0;
	case 'k':
		settings->keep = true;
		return 0;
	case 'v':
		log_libbpf(true);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

struct dropped {
	const struct pins *pins;
	unsigned int processes, cgroups;
	bool has_default;
};

static int count_dropped(const struct target *target,
			 const struct overhigh_policy *policy, void *ctx)
{
	struct dropped *dropped = ctx;
	struct overhigh_rule rule;

	(void)policy;
	if (target->kind == TARGET_CGROUP)
		dropped->cgroups++;
	else if (target->kind == TARGET_DEFAULT)
		dropped->has_default = true;
	else if (!rule_of_process(dropped->pins, target->pid, &rule))
		dropped->processes++;
	return 0;
}

/* What was set by hand is in no file: nobody brings it back. */
static void say_dropped(const struct pins *pins)
{
	struct dropped d = { .pins = pins };

	policy_each(pins, count_dropped, &d);
	if (d.processes || d.cgroups || d.has_default)
		say("dropped what was set by hand: %u polic%s of processes, %u "
		    "of cgroups%s; --keep leaves them in force, 'overhigh "
		    "save' before it keeps them in a file",
		    d.processes, d.processes == 1 ? "y" : "ies", d.cgroups,
		    d.has_default ? ", the default" : "");
}

static int run(int argc, char **argv, struct error *err)
{
	struct settings settings = { .daemon.out = stdout, .err = err };
	struct daemon *d = &settings.daemon;
	struct rules rules;
	struct pins pins;
	int ret = command_parse(&command_run, argc, argv, &settings, err);

	if (ret)
		return ret;
	rules_init(&rules, 0);
	ret = rules_read_config(&rules, settings.config, err);
	d->pins = &pins;
	d->rules = &rules;
	d->config = settings.config;
	if (!ret)
		ret = daemon_start(d, err);
	if (ret) {
		rules_free(&rules);
		return ret;
	}
	say("ready: %u polic%s in force, %u rule%s%s", d->policies,
	    d->policies == 1 ? "y" : "ies", rules.nr, rules.nr == 1 ? "" : "s",
	    d->dry_run ? ", dry run" : "");
	ret = daemon_loop(d, err);
	if (!settings.keep)
		say_dropped(d->pins);
	daemon_stop(d, !settings.keep);
	rules_free(&rules);
	return ret;
}

const struct command command_run = {
	.name = "run",
	.summary = "load, enforce and report until stopped",
	.doc = doc,
	.options = options,
	.parse = parse,
	.run = run,
};
