#!/bin/sh
# Installs what is missing, through apt: "setup.sh build PYTHON" for the build, "setup.sh test PYTHON"
# for the tests too. Does nothing where all is there; without apt it says what to install.
set -eu
what=$1
python=$2

missing=
need() { # package, command that succeeds when it is there
    package=$1
    shift
    "$@" >/dev/null 2>&1 || missing="$missing $package"
}

# What no package here is called: an interpreter that is not Debian's brings its own or has none.
keep_known() {
    known=
    for package in $missing; do
        if apt-cache show "$package" >/dev/null 2>&1; then
            known="$known $package"
        else
            echo "no package $package here: left out" >&2
        fi
    done
    missing=$known
}

has_headers() {
    "$python" -c '
import os, sysconfig
header = os.path.join(sysconfig.get_path("include"), "Python.h")
raise SystemExit(not os.path.exists(header))'
}

links() { # whether a program can be linked with a library of that name
    echo 'int main(void) { return 0; }' | cc -x c - "$@" -o /dev/null
}

need gcc command -v cc
need libc6-dev links -lm
need make command -v make
need python3 command -v "$python"
need python3-dev has_headers
if [ "$what" = test ]; then
    need pkg-config command -v pkg-config
    need check pkg-config check
    need libsubunit-dev links -lsubunit
    need valgrind command -v valgrind
    need gcovr command -v gcovr
    need g++ command -v c++
    need git command -v git
    # Line editing of traceprof browse; without it the tool is built all the same.
    need libedit-dev links -include stdio.h -include editline/readline.h -ledit
    # The screen of traceprof tui, and the terminal in which it is tried; without the one the tool is
    # built all the same, without the other its tests are skipped.
    need libncurses-dev links -include curses.h -lncursesw
    need tmux command -v tmux
    # traceprof push; without it the tool is built all the same, and that command says so.
    need libcurl4-openssl-dev links -include curl/curl.h -lcurl
    # Debian keeps CPython's own tests apart; make test-cpython runs some of them.
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || echo 3)
    need "libpython$version-testsuite" "$python" -c 'import test.test_profile'
    # Programs that read what traceprof convert writes; tests of those that are not there are skipped.
    need graphviz command -v dot
    need golang-go command -v go
    need libdevel-nytprof-perl test -e /usr/share/perl5/Devel/NYTProf/flamegraph.pl
    need nodejs command -v node
    need npm command -v npm
    need chromium command -v chromium
    need python3-venv "$python" -c 'import venv, ensurepip'
fi
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
    echo "please install:$missing" >&2
    exit 1
fi
sudo=
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -qq
keep_known
[ -n "$missing" ] || exit 0
echo "installing:$missing"
# shellcheck disable=SC2086 -- a list of words
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing
