"""Who may do what with stored credentials and EC2 keys."""

from common import policy
from identity.policies import base

GET = "identity:get_credential"
REVEAL = "identity:reveal_credential"
LIST = "identity:list_credentials"
CREATE = "identity:create_credential"
UPDATE = "identity:update_credential"
DELETE = "identity:delete_credential"
GET_EC2 = "identity:ec2_get_credential"
LIST_EC2 = "identity:ec2_list_credentials"
CREATE_EC2 = "identity:ec2_create_credential"
DELETE_EC2 = "identity:ec2_delete_credential"
EC2_TOKEN = "identity:create_ec2_token"
S3_TOKEN = "identity:create_s3_token"

_READER_OR_OWN = f"{base.READER} or {base.OWN}"
_ADMIN_OR_OWN = f"{base.ADMIN} or {base.OWN}"
_SERVICE = f"{policy.SERVICE} or {base.ADMIN}"
_ONE = "/credentials/{credential_id}"
_OF_USER = "/users/{user_id}/credentials/OS-EC2"
_EC2 = f"{_OF_USER}/{{credential_id}}"

RULES = [
    base.rule("get_credential", _READER_OR_OWN, "Show a credential.",
              f"GET {_ONE}"),
    base.rule("reveal_credential", _ADMIN_OR_OWN,
              "See the secret when a credential is shown.",
              f"GET {_ONE}", f"GET {_EC2}"),
    base.rule("list_credentials", _READER_OR_OWN,
              "List credentials; others than readers see their own.",
              "GET /credentials"),
    base.rule("create_credential", _ADMIN_OR_OWN, "Store a credential.",
              "POST /credentials"),
    base.rule("update_credential", _ADMIN_OR_OWN, "Update a credential.",
              f"PATCH {_ONE}"),
    base.rule("delete_credential", _ADMIN_OR_OWN, "Delete a credential.",
              f"DELETE {_ONE}"),
    base.rule("ec2_get_credential", _READER_OR_OWN, "Show an EC2 key.",
              f"GET {_EC2}"),
    base.rule("ec2_list_credentials", _READER_OR_OWN,
              "List the EC2 keys of a user.", f"GET {_OF_USER}"),
    base.rule("ec2_create_credential", _ADMIN_OR_OWN, "Make an EC2 key.",
              f"POST {_OF_USER}"),
    base.rule("ec2_delete_credential", _ADMIN_OR_OWN,
              "Delete an EC2 key.", f"DELETE {_EC2}"),
    base.rule("create_ec2_token", _SERVICE,
              "Get a token for a request signed with an EC2 key.",
              "POST /ec2tokens"),
    base.rule("create_s3_token", _SERVICE,
              "Get a token for a request signed as S3 does.",
              "POST /s3tokens"),
]
