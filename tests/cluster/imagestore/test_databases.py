"""What depends on the database, on the real ones."""

import pytest

from tests.unit.imagestore import (
    test_data,
    test_images,
    test_metadefs,
    test_remote,
)

SAME = [
    test_images.test_new_image_has_the_shape_of_the_api,
    test_images.test_same_id_twice_is_a_conflict,
    test_images.test_patch_adds_replaces_and_removes,
    test_images.test_protected_image_stays,
    test_images.test_list_shows_own_public_and_accepted,
    test_images.test_list_filters,
    test_images.test_pages_follow_each_other,
    test_images.test_list_asks_the_database_a_constant_number_of_times,
    test_images.test_tags_come_and_go,
    test_images.test_members_share_one_image,
    test_images.test_migrations_make_what_the_models_say,
    test_metadefs.test_tags_are_replaced_or_added,
    test_metadefs.test_list_filters_and_pages,
    test_metadefs.test_namespace_is_renamed_unless_the_name_is_taken,
    test_data.test_upload_and_download,
    test_data.test_second_upload_is_a_conflict,
    test_data.test_short_body_leaves_nothing,
    test_data.test_delete_removes_the_data,
    test_data.test_deleted_while_uploading,
    test_data.test_upload_of_a_dead_process_is_given_up,
    test_data.test_data_of_a_deactivated_image_are_for_admins,
]


@pytest.mark.parametrize("test", SAME, ids=lambda test: test.__name__)
def test_same(service, test):
    if test.__module__ == test_metadefs.__name__:
        test(service, test_metadefs.make_public(service))
    else:
        test(service)


@pytest.fixture
def region():
    made = test_remote.Region()
    made.show()
    yield made
    made.close()


@pytest.mark.parametrize("test", [
    test_remote.test_data_and_some_properties_are_taken_over,
    test_remote.test_tokens_are_kept_no_longer_than_they_live],
    ids=lambda test: test.__name__)
def test_imports_are_the_same(service, region, test):
    service.conf.set_override(
        "import_methods", test_remote.METHODS, group="imagestore")
    service.env.regions = test_remote.Near(service.conf, region.url)
    test(service, region)
