# Two commands do everything: `make demo` (the device alone) and `make test` (all of it).
PYTHON ?= python3
DEVICE := .venv-device
FULL   := .venv
TESTS  ?=
# Files as they are given out, the slow ones first (tests/conftest.py).
WORKERS := -n 3 --dist loadfile --no-loadscope-reorder --max-worker-restart=0

.PHONY: demo test browser check test-device constraints clean

demo: $(DEVICE)/ready
	$(DEVICE)/bin/leukoscope screen simulated --out out/demo

test: check browser
	$(FULL)/bin/pytest $(WORKERS) $(TESTS)

test-device: $(FULL)/ready
	$(FULL)/bin/pytest tests/edge $(WORKERS) -m "not slow or seconds"

# What the tests need of the system. As root it is installed; else it is said what is
# missing, and the tests that need it skip by name (tests/skips.txt). Two packages of one
# version come together.
SYSTEM := chromium:chromium chromium-headless-shell:chromium,chromium-headless-shell \
	mount.exfat-fuse:exfat-fuse mkfs.exfat:exfatprogs shellcheck:shellcheck \
	gst-launch-1.0:gstreamer1.0-tools strace:strace zsh:zsh fish:fish \
	gst-inspect-1.0:gstreamer1.0-plugins-base

browser:
	@missing=""; for pair in $(SYSTEM); do \
		command -v "$${pair%%:*}" >/dev/null || missing="$$missing $${pair#*:}"; done; \
	[ -z "$$missing" ] || { [ "$$(id -u)" = 0 ] && apt-get update -q; } \
		|| { echo "MISSING:$$missing: the tests that need them are skipped"; exit 0; }; \
	for package in $$missing; do \
		apt-get install -y -q --no-install-recommends $$(echo $$package | tr , ' ') \
			|| echo "MISSING: $$package: the tests that need it are skipped"; done

check: $(FULL)/ready
	$(FULL)/bin/ruff check .
	$(FULL)/bin/ruff format --check .
	$(FULL)/bin/mypy
	$(FULL)/bin/lint-imports

$(DEVICE)/ready: pyproject.toml
	$(PYTHON) -m venv $(DEVICE)
	$(DEVICE)/bin/pip install --quiet --upgrade pip
	$(DEVICE)/bin/pip install --quiet .
	touch $@

$(FULL)/ready: pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/pip install --quiet --upgrade pip
	$(FULL)/bin/pip install --quiet --constraint .ci/constraints.txt \
		--editable ".[train,dev]"
	touch $@

# Newer packages: take the file away, make the environment anew, test, and write it again.
constraints: $(FULL)/ready
	sed -n '/^#/p' .ci/constraints.txt > .ci/constraints.new
	$(FULL)/bin/pip freeze --exclude-editable | sed -n \
		"s/^[A-Za-z0-9_.-]*==[0-9A-Za-z.]*$$/& ; python_version == '3.11'/p" \
		>> .ci/constraints.new
	mv .ci/constraints.new .ci/constraints.txt

clean:
	rm -rf $(DEVICE) $(FULL) out dist build
