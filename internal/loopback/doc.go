// Package loopback tells what only this machine can reach, and keeps pages of foreign sites away from it.
//
// A listener on 127.0.0.1 is not private: every web page that a browser on this machine opens can send requests there.
// Two things in a request give such a page away. A name that was made to resolve to 127.0.0.1 (DNS rebinding) still
// stands in Host. A request that another site's page sends carries Origin or Sec-Fetch-Site, which no page can forge.
// Programs such as curl and client libraries send neither, and name the address that they call.
//
// An attack that this stops: a page at evil.example, whose name is made to resolve to 127.0.0.1 after it has loaded,
// asks for /status.json. To the browser that is the page's own site, so it may read the answer. The request still
// says Host: evil.example, and gets 421.
package loopback
