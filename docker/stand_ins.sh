#!/usr/bin/env bash
# Images under the names of Dockerfile's bases, for a Debian machine that reaches no image registry.
#
#   docker/stand_ins.sh FOLDER PYTHON
#
# They hold Debian's packages (through this machine's apt, with its certificates and pip settings)
# and the Python 3.12 that PYTHON is the prefix of (such as ~/.pyenv/versions/3.12.1). They prove our
# Dockerfile, not the real bases. Needs root and the packages buildah, mmdebstrap. FOLDER gets
# store/, run/ (buildah's) and context/.
set -euo pipefail
folder=${1:?a folder for images}
python=${2:?the prefix of a Python 3.12}
[[ -x $python/bin/python3.12 ]] || { echo "$python/bin/python3.12 is not there." >&2; exit 2; }
context=$folder/context
mkdir -p "$context"

settings=()
for file in /etc/apt/apt.conf.d/99*; do
    [[ -f $file ]] && settings+=("--aptopt=$file")
done
[[ -f $context/debian.tar ]] || mmdebstrap --quiet --variant=minbase "${settings[@]}" \
    --include=ca-certificates,libssl3,libffi8,libsqlite3-0,libbz2-1.0,liblzma5,zlib1g,libreadline8 \
    bookworm "$context/debian.tar" /etc/apt/sources.list.d/debian.sources
cp /etc/ssl/certs/ca-certificates.crt "$context/"
cp /etc/pip.conf "$context/" 2>/dev/null || : >"$context/pip.conf"
cp /etc/ssl/certs/java/cacerts "$context/"
rm -rf "$context/python"
cp -r "$python" "$context/python"
rm -rf "$context/python/lib/python3.12/site-packages" "$context/python/lib/python3.12/test"

cat >"$context/Dockerfile" <<'END'
FROM scratch AS debian
ADD debian.tar /
COPY ca-certificates.crt /etc/ssl/certs/
COPY pip.conf /etc/
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DEFAULT_TIMEOUT=180

FROM debian AS python
COPY python /usr/local
RUN ldconfig && mkdir -p /usr/local/lib/python3.12/site-packages \
    && python3.12 -m ensurepip --default-pip && ln -sf python3.12 /usr/local/bin/python3

FROM debian AS maven
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends \
    maven openjdk-17-jdk-headless && rm -rf /var/lib/apt/lists/*
COPY cacerts /etc/ssl/certs/java/
END
for base in python maven; do
    name=$(grep -o "^FROM $base:[^ ]*" "$(dirname "$0")/../Dockerfile" | head -1 | cut -c6-)
    buildah --root "$folder/store" --runroot "$folder/run" --storage-driver overlay \
        bud --layers --isolation chroot --network host --target $base \
        --tag "docker.io/library/$name" "$context"
done
