"""The parts of `./run bench crawl`: sites, crawlers, and what each of them did with a site."""
