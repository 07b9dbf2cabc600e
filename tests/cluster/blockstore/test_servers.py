"""What depends on the database and the bus, on the real ones."""

import pytest

from tests.unit.blockstore import (
    test_attachments,
    test_operators,
    test_reconcile,
    test_tasks,
    test_volumes,
)

SAME = [
    test_volumes.test_create, test_volumes.test_lists,
    test_volumes.test_pages, test_volumes.test_metadata,
    test_volumes.test_update, test_volumes.test_delete,
    test_volumes.test_room_is_never_promised_twice,
    test_volumes.test_quota_holds_against_a_crowd,
    test_volumes.test_queries_do_not_grow_with_the_rows,
    test_attachments.test_attach_and_detach,
    test_attachments.test_of_many_that_race_one_wins,
    test_attachments.test_everything_may_be_repeated,
    test_attachments.test_lists, test_operators.test_services,
    test_operators.test_quotas, test_operators.test_pools,
    test_reconcile.test_strays_and_orphans_go,
    test_reconcile.test_a_dead_export_is_started_again,
    test_tasks.test_what_has_no_task_is_ended,
    test_tasks.test_attachments_without_a_task_are_put_back,
    test_tasks.whole_life,
]


@pytest.mark.parametrize("test", SAME, ids=lambda test: test.__name__)
def test_the_same_as_on_sqlite(cloud, test):
    test(cloud)
