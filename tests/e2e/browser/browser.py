"""A Chromium that remembers what it received."""

import json
import shutil
import tempfile

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

ARGUMENTS = """--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage""".split()

# Whatever a user could take for an offer to copy, if it is to be seen.
OFFERS = """
return [...document.querySelectorAll("body *")].filter((element) => {
  const own = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join(" ");
  const says = [own, element.id, element.className, element.title, element.getAttribute("aria-label")].join(" ");
  return /copy|clipboard/i.test(says) && element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && element.getClientRects().length > 0;
}).map((element) => element.outerHTML);
"""


class Browser:
    def __init__(self):
        self._profile = tempfile.mkdtemp()
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in [*ARGUMENTS, f"--user-data-dir={self._profile}"]:
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which("chromedriver")))
        self.driver.set_script_timeout(30)
        self.command("Emulation.setDeviceMetricsOverride", width=1060, height=620, deviceScaleFactor=1.5, mobile=False)
        # All that went over the network: what was received in bodies, and every event as the browser tells it.
        self.bodies = []
        self.events = []
        self._requests = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    def command(self, name, **parameters):
        return self.driver.execute_cdp_cmd(name, parameters)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def open(self, url):
        self.drain()
        self.driver.get(url)

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def until(self, what, condition):
        return WebDriverWait(self.driver, 20, 0.05).until(lambda _: condition(), f"waited for {what}")

    def offers_to_copy(self):
        return self.run(OFFERS)

    def clipboard(self):
        return self.driver.execute_async_script(
            "navigator.clipboard.readText().then(arguments[0], (error) => arguments[0](`refused: ${error}`))"
        )

    def allow_clipboard(self, origin):
        for permission in ["clipboardReadWrite", "clipboardSanitizedWrite"]:
            self.command("Browser.grantPermissions", origin=origin, permissions=[permission, "clipboardReadWrite"])

    def picture(self, path):
        if path is not None:
            self.driver.save_screenshot(str(path))

    def drain(self):
        """Takes in what came over the network since the last call, while the browser still has the bodies."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            method, parameters = message["method"], message["params"]
            if not method.startswith("Network."):
                continue
            self.events.append(json.dumps(parameters))
            request = parameters.get("requestId")
            if method == "Network.requestWillBeSent":
                self._requests[request] = f"{parameters['request']['method']} {parameters['request']['url']}"
            elif method == "Network.loadingFinished" and request in self._requests:
                self.bodies.append((self._requests[request], self._body(request)))

    def _body(self, request):
        try:
            return self.command("Network.getResponseBody", requestId=request)["body"]
        except Exception:  # 204 has none.
            return ""
