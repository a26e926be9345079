# SPDX-License-Identifier: GPL-2.0
# Builds overhigh into build/.  'make help' lists the targets; V=1 shows the
# commands.  What the tests do is in tests/, not here.

PREFIX ?= /usr/local
DESTDIR ?=
SBINDIR ?= $(PREFIX)/sbin
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
POLICYDIR ?= $(PREFIX)/lib/overhigh/policies
BUILD ?= build
CLANG ?= clang
LLVM_STRIP ?= llvm-strip
BPFTOOL ?= $(or $(wildcard /usr/sbin/bpftool),bpftool)
PKG_CONFIG ?= pkg-config
V ?= 0

Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@printf '  %-8s %s\n' '$(1)' '$(2)')

PACKAGES := libelf zlib libcjson inih
CPPFLAGS += -D_GNU_SOURCE -Iinclude -Iloader -I$(BUILD)
CFLAGS ?= -O2 -g
WARNINGS := -std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes
# for CI: elsewhere a newer compiler's new warning must not stop a build
WARNINGS += $(if $(WERROR),-Werror)
# tests/vm/libbpf gives other values, for one that is newer than the system's
LIBBPF_CFLAGS = $(shell $(PKG_CONFIG) --cflags libbpf)
LIBBPF_LIBS = $(shell $(PKG_CONFIG) --libs libbpf)
PKG_CFLAGS = $(LIBBPF_CFLAGS) $(shell $(PKG_CONFIG) --cflags $(PACKAGES))
PKG_LIBS = $(LIBBPF_LIBS) $(shell $(PKG_CONFIG) --libs $(PACKAGES)) -pthread

# The architecture as libbpf names it, and where its UAPI headers are.
ARCH := $(shell uname -m | sed 's/x86_64/x86/; s/aarch64/arm64/')
MULTIARCH := $(shell $(CC) -print-multiarch 2>/dev/null)
BPF_CFLAGS := -g -O2 -target bpf -mcpu=v3 -D__TARGET_ARCH_$(ARCH) \
	-I. -Iinclude -Ibpf $(if $(MULTIARCH),-I/usr/include/$(MULTIARCH)) \
	-Wall -Wno-unused-function -Wno-pass-failed

# The rooms of loader/, from top to bottom: each uses only those after it: see docs/architecture.md.
ROOMS := commands daemon report cgroups govern rules programs attach text pins base
LOADER_SRC := loader/main.c $(foreach room,$(ROOMS),$(wildcard loader/$(room)/*.c))
LOADER_OBJ := $(LOADER_SRC:%.c=$(BUILD)/%.o)

POLICIES := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard policies/*.bpf.c))

.PHONY: all policies
all: $(BUILD)/overhigh policies
policies: $(POLICIES)

$(BUILD)/overhigh: $(LOADER_OBJ)
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/loader/%.o: loader/%.c | $(BUILD)/overhigh.skel.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<

$(BUILD)/overhigh.bpf.o: bpf/overhigh.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -MMD -MP -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

$(BUILD)/overhigh.skel.h: $(BUILD)/overhigh.bpf.o
	$(call say,SKEL,$@)
	$(Q)$(BPFTOOL) gen skeleton $< name overhigh_bpf >$@.new && mv $@.new $@

$(BUILD)/%.bpf.o: %.bpf.c
	$(call say,BPF,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_CFLAGS) -Ipolicies -MMD -MP -c -o $@ $<
	$(Q)$(LLVM_STRIP) -g $@

# where 'overhigh policy' looks for installed policies
$(BUILD)/loader/commands/policy.o: CPPFLAGS += -DPOLICY_DIR='"$(POLICYDIR)"'
$(BUILD)/loader/commands/policy.o: $(BUILD)/policydir

# is newer whenever another PREFIX is given than the time before
.PHONY: FORCE
$(BUILD)/policydir: FORCE
	$(Q)mkdir -p $(@D); echo '$(POLICYDIR)' | cmp -s - $@ || echo '$(POLICYDIR)' >$@

# load.c is the one that includes the skeleton
$(BUILD)/loader/attach/load.o: $(BUILD)/overhigh.skel.h

# ---- tests -----------------------------------------------------------------
# A file tests/unit/test_X.c, tests/live/test_X.c or tests/prog/X.c is one
# program; tests/check runs them and counts.

CHECK_PACKAGES := cmocka libcjson inih
CHECK_CFLAGS = $(shell $(PKG_CONFIG) --cflags $(CHECK_PACKAGES))
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs $(CHECK_PACKAGES))

# Unit tests link the rooms as an archive: of it each takes what it tests, and
# nothing that is not pure comes along unless the test asks for it.
ROOMS_LIB := $(BUILD)/loader/rooms.a
UNIT := $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/test_*.c))
LIVE := $(patsubst tests/live/%.c,$(BUILD)/tests/live/%,$(wildcard tests/live/test_*.c))
LIVE_LIB := $(patsubst tests/live/%.c,$(BUILD)/tests/live/%.o,$(wildcard tests/live/live*.c))
PROGS := $(patsubst tests/prog/%.c,$(BUILD)/tests/%,$(filter-out tests/prog/recover.c,$(wildcard tests/prog/*.c))) \
	$(addprefix $(BUILD)/tests/,recover_glibc recover_musl recover_jemalloc)

# TEST_ONLY
ONLY := $(BUILD)/tests/runner/only.o
$(ONLY): tests/runner/only.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CHECK_CFLAGS) $(CFLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<

# static: it runs in guests too, and starts fast
$(BUILD)/tests/runner/runner: tests/runner/runner.c
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(filter-out -fsanitize%,$(CFLAGS)) $(WARNINGS) -static -MMD -MP -o $@ $<

$(ROOMS_LIB): $(filter-out $(BUILD)/loader/main.o,$(LOADER_OBJ))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(BUILD)/tests/unit/%: tests/unit/%.c $(ONLY) $(ROOMS_LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CHECK_CFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(WARNINGS) -Wno-missing-prototypes -MMD -MP -o $@ $< $(ONLY) $(ROOMS_LIB) $(CHECK_LIBS) $(PKG_LIBS)

$(BUILD)/tests/live/%.o: tests/live/%.c
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CHECK_CFLAGS) $(CFLAGS) $(WARNINGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/live/test_%: tests/live/test_%.c $(ONLY) $(LIVE_LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CHECK_CFLAGS) $(CFLAGS) $(WARNINGS) -Wno-missing-prototypes -MMD -MP -o $@ $< $(ONLY) $(LIVE_LIB) $(CHECK_LIBS)

$(BUILD)/tests/recover_%: tests/prog/recover.c
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(if $(filter musl,$*),musl-gcc -static,$(CC)) -D_GNU_SOURCE $(CFLAGS) -o $@ $< $(if $(filter jemalloc,$*),-ljemalloc)

TEST_POLICIES := $(patsubst %.bpf.c,$(BUILD)/%.bpf.o,$(wildcard tests/policies/*.bpf.c))

$(BUILD)/tests/unit/test_runner: $(BUILD)/tests/runner/runner

# policy programs, which it reads
$(BUILD)/tests/unit/test_program_object: $(POLICIES) $(TEST_POLICIES)

# static: its copies start fast, and anywhere
$(BUILD)/tests/storm: tests/prog/storm.c
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -static -MMD -MP -o $@ $<

DEMO_SRC := $(filter-out tests/demo/runaway.c,$(wildcard tests/demo/*.c))
COUNTED_SRC := $(wildcard tests/bench/counted*.c)
BENCH_SRC := $(filter-out tests/bench/faults.c $(COUNTED_SRC),$(wildcard tests/bench/*.c)) tests/demo/resident.c
SHOW_DEPS := $(wildcard tests/demo/*.h tests/bench/*.h tests/prog/*.h include/*.h)

$(BUILD)/tests/demo: $(DEMO_SRC) $(SHOW_DEPS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -o $@ $(DEMO_SRC) $(PKG_LIBS)

$(BUILD)/tests/bench: $(BENCH_SRC) $(SHOW_DEPS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -o $@ $(BENCH_SRC) $(PKG_LIBS)

# static: an exec of it is measured, and should be that alone
$(BUILD)/tests/counted: $(COUNTED_SRC) tests/bench/counted.h $(SHOW_DEPS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -static -o $@ $(COUNTED_SRC)

$(BUILD)/tests/runaway: tests/demo/runaway.c $(SHOW_DEPS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -o $@ $<

$(BUILD)/tests/faults: tests/bench/faults.c $(SHOW_DEPS)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) $(WARNINGS) -o $@ $<

$(BUILD)/tests/%: tests/prog/%.c
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE -Itests/prog $(CFLAGS) $(WARNINGS) -MMD -MP -o $@ $< -pthread

$(BUILD)/tests/vm/test_btf: tests/vm/test_btf.c $(ONLY) $(BUILD)/overhigh.bpf.o
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CHECK_CFLAGS) $(CFLAGS) $(WARNINGS) -MMD -MP -o $@ $< $(ONLY) $(CHECK_LIBS) $(PKG_LIBS)

.PHONY: tests
tests: all $(TEST_POLICIES) $(UNIT) $(LIVE) $(PROGS) $(BUILD)/tests/counted $(BUILD)/tests/vm/test_btf $(BUILD)/tests/runner/runner

# ---- fuzzing and sanitizers ---------------------------------------------------
# In build folders of their own, with compilers' options of their own.

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
FUZZERS := $(patsubst tests/fuzz/%.c,$(BUILD)/tests/fuzz/%,$(wildcard tests/fuzz/fuzz_*.c))

$(BUILD)/tests/fuzz/%: tests/fuzz/%.c $(ROOMS_LIB)
	$(call say,TEST,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) $(WARNINGS) -fsanitize=fuzzer -MMD -MP -o $@ $< $(ROOMS_LIB) $(PKG_LIBS)

# as long as one likes: TIME=seconds for each, FUZZ='value rules' for these alone
TIME ?= 60
FUZZ ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))

.PHONY: fuzz
fuzz:
	$(Q)tests/install-packages check
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) fuzz-build
	$(Q)for name in $(FUZZ); do BUILD=$(BUILD) tests/fuzz/run $$name $(TIME) || exit; done

# unit tests whole, and of the live tests a few with a loader that is watched
.PHONY: check-san
check-san:
	$(Q)tests/install-packages check
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) tests san-build
	$(Q)BUILD=$(BUILD) PARTS=san tests/check

.PHONY: fuzzers fuzz-build san-build
fuzzers: $(FUZZERS)
fuzz-build:
	$(Q)$(MAKE) -s --no-print-directory BUILD=$(BUILD)/fuzz CC=$(CLANG) CFLAGS='-O1 -g $(SANITIZE) -fsanitize=fuzzer-no-link' fuzzers
san-build:
	$(Q)$(MAKE) -s --no-print-directory BUILD=$(BUILD)/san CFLAGS='-O1 -g $(SANITIZE)' san-programs
.PHONY: san-programs
san-programs: all $(TEST_POLICIES) $(UNIT)

# with a libbpf that can load policies, wherever this one cannot; and the test of them
.PHONY: guest-loader
guest-loader:
	$(Q)$(MAKE) -s --no-print-directory BUILD=$(BUILD)/guest $$(tests/vm/libbpf) $(BUILD)/guest/overhigh $(BUILD)/guest/tests/unit/test_program_object

# KERNELS= for no guests; PARTS=guests for them alone
KERNELS ?= 7.2 6.12 6.1

.PHONY: check
check:
	$(Q)tests/install-packages check lint
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) tests
	$(Q)BUILD=$(BUILD) tests/check $(KERNELS)

.PHONY: check-all
check-all:
	$(Q)EVERYWHERE=1 $(MAKE) -s --no-print-directory check

# VM=6.12: in a guest with that kernel
SHOW := $(addprefix $(BUILD)/tests/,demo bench counted runaway faults eat take neighbour)

.PHONY: demo
demo:
	$(Q)tests/install-packages $(if $(VM),demo,build)
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) all $(SHOW)
	$(Q)BUILD=$(BUILD) tests/demo/run $(VM)

.PHONY: bench
bench:
	$(Q)tests/install-packages $(if $(VM),demo,build)
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) all $(SHOW)
	$(Q)BUILD=$(BUILD) tests/bench/run $(VM)

.PHONY: plots
plots:
	$(Q)tests/install-packages check plot
	$(Q)$(MAKE) -s --no-print-directory -j$$(nproc) tests guest-loader
	$(Q)BUILD=$(BUILD) tests/plot $(or $(VM),6.12)

.PHONY: lint
lint: $(BUILD)/overhigh.skel.h
	$(Q)BUILD=$(BUILD) tests/lint

# ---- installing --------------------------------------------------------------

.PHONY: install
install: all
	install -D -m 0755 $(BUILD)/overhigh $(DESTDIR)$(SBINDIR)/overhigh
	install -d $(DESTDIR)$(INCLUDEDIR)/overhigh $(DESTDIR)$(POLICYDIR)
	install -m 0644 include/overhigh*.h policies/policy.bpf.h $(DESTDIR)$(INCLUDEDIR)/overhigh
	install -m 0644 $(POLICIES) $(DESTDIR)$(POLICYDIR)
	install -d $(DESTDIR)$(MANDIR)/man8
	sed 's|/usr/local/lib/overhigh/policies|$(POLICYDIR)|' man/overhigh.8 >$(DESTDIR)$(MANDIR)/man8/overhigh.8
	install -D -m 0644 man/overhigh.conf.5 $(DESTDIR)$(MANDIR)/man5/overhigh.conf.5

# ---- the kernel module -----------------------------------------------------
# For the running kernel, or the one of KDIR.  W=1 and C=1 (sparse) reach kbuild.
# module_install leaves building to DKMS, which does it for every new kernel.

KDIR ?= /lib/modules/$(shell uname -r)/build
MODULE_VERSION := $(shell sed -n 's/^MODULE_VERSION("\(.*\)").*/\1/p' kernel/overhigh_hook.c)
MODULE_SRC = $(DESTDIR)/usr/src/overhigh-hook-$(MODULE_VERSION)

.PHONY: module module_install
module:
	$(Q)[ -e '$(KDIR)/Makefile' ] || { echo 'no kernel headers in $(KDIR): apt-get install linux-headers-$(shell uname -r)' >&2; exit 1; }
	$(Q)mkdir -p $(BUILD)/module/include
	$(Q)cp kernel/Kbuild kernel/*.c $(BUILD)/module
	$(Q)cp include/overhigh*.h $(BUILD)/module/include
	$(Q)$(MAKE) -C $(KDIR) M=$(abspath $(BUILD)/module) modules

module_install:
	install -d $(MODULE_SRC)/include
	install -m 0644 kernel/Kbuild kernel/*.c $(MODULE_SRC)
	install -m 0644 include/overhigh*.h $(MODULE_SRC)/include
	sed 's/^PACKAGE_VERSION=.*/PACKAGE_VERSION="$(MODULE_VERSION)"/' kernel/dkms.conf >$(MODULE_SRC)/dkms.conf
	$(if $(DESTDIR),,@echo 'now: dkms install overhigh-hook/$(MODULE_VERSION)')

# ---- packages ------------------------------------------------------------------

.PHONY: deb
deb:
	$(Q)tests/install-packages deb
	$(Q)BUILD=$(BUILD) packaging/build-deb

.PHONY: help
help:
	@echo 'make               build build/overhigh'
	@echo 'make demo          see each action do its work (VM=6.12: in a guest)'
	@echo 'make check         every test: unit, live, guests (KERNELS="6.1 7.2")'
	@echo 'make check-all     the same, each live test on each of the kernels'
	@echo 'make bench         page-fault cost and overshoot, on this kernel; VM=6.12:'
	@echo '                   instructions that are added, counted in a guest'
	@echo 'make plots         docs/policies.png, from a guest (VM=6.12)'
	@echo 'make check-san     of these the ones with sanitizers alone'
	@echo 'make fuzz          each parser for TIME=60 seconds (FUZZ="value rules")'
	@echo 'make lint          formatting and static checks'
	@echo 'make install       DESTDIR= PREFIX=/usr/local'
	@echo 'make deb           Debian packages, in build/deb'
	@echo 'make module        build/module/overhigh_hook.ko (KDIR=headers W=1 C=1)'
	@echo 'make module_install its sources into DESTDIR/usr/src, for DKMS'
	@echo 'make clean         remove build/'

.PHONY: clean
clean:
	$(Q)rm -rf $(BUILD)

-include $(wildcard $(BUILD)/*.d $(BUILD)/*/*.d $(BUILD)/*/*/*.d)
