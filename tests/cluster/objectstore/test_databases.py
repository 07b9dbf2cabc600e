"""What depends on the database, on the real ones."""

import functools

import pytest

from common import concurrency
from tests.unit.objectstore import test_api, test_blobs, test_large

SAME = [
    test_api.test_put_and_get,
    test_api.test_account_counts_what_is_there,
    test_api.test_account_metadata,
    test_api.test_container_life,
    test_api.test_post_replaces_all_metadata,
    test_api.test_copy_shares_the_bytes,
    test_api.test_copy_onto_itself,
    test_api.test_json_listing_shows_all,
    test_api.test_rolled_up_names_need_few_queries,
    test_api.test_requests_ask_the_database_a_constant_number_of_times,
    test_api.test_migrations_make_what_the_models_say,
    test_blobs.test_overwrite_and_delete_free_the_bytes,
    test_blobs.test_body_that_ends_early_leaves_nothing,
    test_blobs.test_upload_of_a_dead_process_is_given_up,
    test_blobs.test_container_deleted_meanwhile,
    test_blobs.test_everybody_at_one_name,
    test_large.test_static_large_object,
    test_large.test_segment_that_goes_while_it_becomes_one,
    test_large.test_delete_with_all_segments,
    test_large.test_queries_do_not_grow_with_segments,
    test_large.test_dynamic_large_object,
]

LISTINGS = [mark for mark in test_api.test_listing.pytestmark
            if mark.name == "parametrize"][0].args[1]


@pytest.mark.parametrize("test", SAME, ids=lambda test: test.__name__)
def test_same(service, test):
    if test is test_blobs.test_body_that_ends_early_leaves_nothing:
        test = functools.partial(test, length=10)
    test(service)


def test_names_sort_by_their_bytes(service):
    filled = test_api.fill(service)
    for query, names in LISTINGS:
        test_api.test_listing(filled, query, names)


def test_many_write_one_name(service):
    """Whoever commits last is read; the rest is collected."""
    def write(number):
        return service.call("PUT", "/c/x", str(number).encode() * 10)
    got = concurrency.gather(*[
        functools.partial(write, number) for number in range(8)])

    assert {each.status_int for each in got} == {201}
    head = service.call("HEAD", "/c", status=204)
    assert head.headers["X-Container-Object-Count"] == "1"
    assert head.headers["X-Container-Bytes-Used"] == "10"
    assert len(set(service.call("GET", "/c/x").text)) == 1
    service.collector.run_once()
    assert len(service.files()) == 3


def test_many_write_and_delete_in_one_container(service):
    def cycle(number):
        service.call("PUT", f"/c/{number}", b"x" * number, status=201)
        service.call("COPY", f"/c/{number}", status=201,
                     Destination=f"c/copy{number}")
        service.call("DELETE", f"/c/{number}", status=204)
    concurrency.gather(*[
        functools.partial(cycle, number) for number in range(1, 9)])

    head = service.call("HEAD", "/c", status=204)
    assert head.headers["X-Container-Object-Count"] == "8"
    assert head.headers["X-Container-Bytes-Used"] == "36"
    service.collector.run_once()
    assert len(service.files()) == 24
