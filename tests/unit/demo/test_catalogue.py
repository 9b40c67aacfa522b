"""Tests of the demo shop's ground truth."""

from __future__ import annotations

from itertools import pairwise

from demo import catalogue


def test_every_product_has_its_own_slug_and_sku() -> None:
    stocked = catalogue.products()
    assert len(stocked) >= 60
    assert (
        len({product.slug for product in stocked})
        == len({product.sku for product in stocked})
        == len(stocked)
    )


def test_every_department_needs_a_second_page() -> None:
    assert len(catalogue.categories()) >= 5
    assert all(category.pages > 1 for category in catalogue.categories())


def test_pages_of_a_category_hold_each_product_once() -> None:
    for category in catalogue.categories():
        listed = [product for number in range(1, category.pages + 1) for product in category.page(number)]
        assert listed == list(category.products)


def test_some_prices_change_at_every_epoch_and_some_never() -> None:
    epochs = [catalogue.products(epoch=epoch) for epoch in range(12)]
    histories = [[product.price for product in history] for history in zip(*epochs, strict=True)]
    changes = [sum(before != after for before, after in pairwise(history)) for history in histories]
    assert changes.count(11) >= 10
    assert changes.count(0) >= 10
    assert any(0 < count < 11 for count in changes)


def test_price_holds_from_the_epoch_it_names_and_not_before() -> None:
    for now, then in zip(catalogue.products(epoch=7), catalogue.products(epoch=6), strict=True):
        assert (now.price == then.price) is (now.priced_at <= 6)


def test_the_same_seed_and_epoch_give_the_same_shop() -> None:
    assert catalogue.products(3, 5) == catalogue.products(3, 5)
    assert catalogue.products(3, 5) != catalogue.products(4, 5)


def test_one_product_is_sold_out_and_one_is_discounted() -> None:
    stocked = catalogue.products()
    assert [product.slug for product in stocked if not product.in_stock] == [catalogue.SOLD_OUT]
    (cut,) = [product for product in stocked if product.was]
    assert cut.was is not None
    assert cut.price < cut.was


def test_one_product_after_the_other_is_away_for_a_while_and_comes_back() -> None:
    """A turn of all departments, epoch by epoch: what is there, and since when."""
    everything = {product.sku for product in catalogue.products()}
    missing: list[str] = []
    before = catalogue.categories()
    for epoch in range(1, 2 * 6 * catalogue.SHELF_EPOCHS):
        now = catalogue.categories(epoch=epoch)
        for old, new in zip(before, now, strict=True):
            same = [one.sku for one in old.products] == [one.sku for one in new.products]
            assert new.stocked_at == (old.stocked_at if same else epoch)
        gone = everything - {product.sku for category in now for product in category.products}
        assert len(gone) == int(epoch % catalogue.SHELF_EPOCHS >= catalogue.AWAY_FROM)
        missing += gone
        before = now

    assert len(set(missing)) == 12
    assert {missing.count(sku) for sku in missing} == {catalogue.SHELF_EPOCHS - catalogue.AWAY_FROM}


def test_slug_keeps_only_plain_letters_and_digits() -> None:
    assert catalogue.slugify("Crème brûlée torch No. 4") == "creme-brulee-torch-no-4"
    assert catalogue.slugify("Mortar & pestle") == "mortar-pestle"
