# Names of buckets are the whole world's.
resource "google_storage_bucket" "this" {
  for_each                    = toset(["pictures", "backups"])
  name                        = "${var.project}-${var.name}-${each.key}"
  location                    = var.region
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  # What Smoocho or somebody with its key deletes can be brought back so long; nobody can shorten that for what is gone already. No
  # retention policy: it would refuse the deletion of old backups (`backup prune`).
  soft_delete_policy {
    retention_duration_seconds = var.deleted_days * 86400
  }

  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 1
    }
    action {
      type = "Delete"
    }
  }

  # Uploads that were cut off cost like objects, and no list shows them.
  lifecycle_rule {
    condition {
      age = 2
    }
    action {
      type = "AbortIncompleteMultipartUpload"
    }
  }

  depends_on = [google_project_service.this]
}
