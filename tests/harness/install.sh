#!/bin/sh
# install.sh python|node SOURCE TARGET: installs what SOURCE lists into TARGET, unless it is there.
set -eu
case $1 in
python) list=requirements.txt ;;
node) list=package.json ;;
esac
if ! cmp -s "$2/$list" "$3/installed"; then
    rm -rf "$3"
    mkdir -p "$3"
    case $1 in
    python)
        python3 -m venv "$3"
        "$3/bin/pip" install --quiet --disable-pip-version-check --retries 1 --timeout 20 \
            --requirement "$2/$list"
        ;;
    node)
        cp "$2/$list" "$3"
        npm install --prefix "$3" --loglevel=error --no-audit --no-fund --no-package-lock
        ;;
    esac
    # Last, so that an installation that broke off is begun anew.
    cp "$2/$list" "$3/installed"
fi
# Node.js finds packages only from a script that lies beside them.
[ "$1" != node ] || find "$2" -maxdepth 1 -name '*.js' -exec cp {} "$3" \;
