# Two commands do everything: `make demo` (the device alone) and `make test` (all of it).
PYTHON ?= python3
DEVICE := .venv-device
FULL   := .venv

.PHONY: demo test browser check test-device clean

demo: $(DEVICE)/ready
	$(DEVICE)/bin/leukoscope screen simulated --out out/demo

test: check browser
	$(FULL)/bin/pytest -n 2 --dist loadfile

test-device: $(FULL)/ready
	$(FULL)/bin/pytest tests/edge -n 2 --dist loadfile -m "not slow"

# The page is tested in Debian's Chromium, sticks on a real exFAT; where they cannot be
# had those tests skip.
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -q && apt-get install -y -q chromium; } \
		|| echo "NO BROWSER: the page's tests in a browser are skipped"
	@command -v mount.exfat-fuse >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -q exfat-fuse exfatprogs; } \
		|| echo "NO EXFAT: the tests on such a stick are skipped"

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

$(FULL)/ready: pyproject.toml
	$(PYTHON) -m venv $(FULL)
	$(FULL)/bin/pip install --quiet --upgrade pip
	$(FULL)/bin/pip install --quiet --editable ".[train,dev]"
	touch $@

clean:
	rm -rf $(DEVICE) $(FULL) out dist build
