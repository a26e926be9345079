# Fetches Debian's kernels into the cache; read by tests/vm/run, module and libbpf.
# Getting and checking kernels belongs here, starting guests belongs in run.
# shellcheck shell=bash disable=SC2034,SC2154

versions=(6.1 6.12 7.2)
declare -A suites=([6.1]=bookworm [6.12]=trixie [7.2]=sid)
package=linux-image-cloud-amd64
cache=${OVERHIGH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/overhigh}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# An apt of our own in FOLDER, so that the machine's apt state stays as it is. Of
# the machine's configuration remain its sources and the way out (proxies).
private_apt() { # FOLDER
    mkdir -p "$1/lists/partial" "$1/cache/archives/partial"
    touch "$1/status"
    cat >"$1/apt.conf" <<END
Dir::State "$1";
Dir::State::lists "$1/lists";
Dir::State::status "$1/status";
Dir::Cache "$1/cache";
APT::Sandbox::User "root";
#clear APT::Update;
END
}

# The machine's mirror of Debian. apt does not know which of its sources that is
# before the first "apt-get update"; then that is run here, in our own state.
find_mirror() { # FOLDER
    local config mirror=${OVERHIGH_MIRROR:-}
    for config in /dev/null "$1/apt.conf"; do
        [ -z "$mirror" ] || break
        if [ "$config" != /dev/null ]; then
            private_apt "$1"
            apt-get -qq -c "$config" update >&2 || true
        fi
        # shellcheck disable=SC2016 # apt's variables, not ours
        mirror=$(apt-get -c "$config" indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' \
            'Created-By: Packages' | sed -n '/^Debian|Debian|/{s///p;q}')
    done
    echo "$mirror"
}

# The same with one suite of the mirror as its only source.
suite_apt() { # FOLDER SUITE MIRROR
    private_apt "$1"
    cat >>"$1/apt.conf" <<END
Dir::Etc::SourceList "$1/sources.list";
Dir::Etc::SourceParts "/dev/null";
END
    echo "deb [signed-by=$keyring arch=amd64 lang=none target=Packages] $3 $2 main" \
        >"$1/sources.list"
    apt-get -qq -c "$1/apt.conf" --error-on=any update || fail "no package list of $2 from $3"
}

# Puts vmlinuz, config, release and btf into the cache. They are made in a
# temporary folder that gets its name when complete: what has the name can be
# believed. No modules: all drivers that we need are built into cloud kernels.
fetch() { # VERSION
    local suite=${suites[$1]} mirror packages release part
    [ ! -e "$cache/$1/vmlinuz" ] || return 0
    [ -e "$keyring" ] || fail "$keyring is missing: apt-get install debian-archive-keyring"
    mkdir -p "$cache"
    exec 9>"$cache/lock"
    flock 9
    # Another run may have fetched it while we waited for the lock.
    [ ! -e "$cache/$1/vmlinuz" ] || { exec 9>&-; return 0; }
    rm -rf "$cache"/.fetch.* # left by a fetch that was killed: we hold the lock
    new=$(mktemp -d "$cache/.fetch.XXXXXX")
    say "fetching $package of $suite"
    mirror=$(find_mirror "$new/machine")
    [ -n "$mirror" ] || fail "apt's sources hold no Debian mirror: give one in OVERHIGH_MIRROR"
    suite_apt "$new/apt" "$suite" "$mirror"
    # This package stands for the newest kernel and depends on the real ones.
    packages=$(apt-cache -c "$new/apt/apt.conf" depends --recurse --important "$package" |
        grep -E '^linux-(image|binary|modules|base)-[0-9].*-cloud-amd64$' | sort -u)
    [ -n "$packages" ] || fail "$suite has no $package"
    release=$(sed -n 's/^linux-image-//p' <<<"$packages")
    # shellcheck disable=SC2086 # one word for each package
    (cd "$new/apt" && apt-get -qq -c apt.conf download $packages) ||
        fail "no kernel packages of $suite from $mirror"
    for part in "$new"/apt/*.deb; do dpkg-deb -x "$part" "$new/tree"; done
    for part in vmlinuz config; do
        find "$new/tree" -type f \( -path "*/boot/$part-*" -o -path "*/lib/modules/*/$part" \) \
            -exec mv {} "$new/$part" \;
        [ -s "$new/$part" ] || fail "$suite: no $part in" "${packages//$'\n'/ }"
    done
    echo "$release, Debian $(dpkg-deb -f "$new"/apt/linux-image-*.deb Version)" >"$new/release"
    rm -rf "$new/tree" "$new/apt" "$new/machine"

    # The kernel's types, for tests that compare them. Asking the kernel itself
    # keeps one that does not boot out of the cache. Packed: a serial port is slow.
    local memory=2G swap='' limit='' keep_log='' input='' adds=()
    guest "$new" gzip -c /sys/kernel/btf/vmlinux >"$new/btf.gz"
    gunzip "$new/btf.gz"
    chmod 755 "$new"
    rm -rf "${cache:?}/$1"
    mv "$new" "$cache/$1"
    new=''
    exec 9>&-
    [[ $release == "$1".* ]] || say "$suite has $release now, not $1; it is used all the same"
}
