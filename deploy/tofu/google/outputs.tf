output "address" {
  description = "What tills open."
  value       = "https://${var.domain}"
}

output "record_to_make" {
  description = "The record that makes the address lead to the machine."
  value       = "${var.domain}. A ${google_compute_address.box.address}"
}

output "buckets" {
  description = "For pictures and for backups."
  value       = { for name, bucket in google_storage_bucket.this : name => bucket.name }
}

output "next_step" {
  description = "What to do once the record is made and the machine is up, some ten minutes after."
  value       = <<-END
    gcloud compute ssh ${google_compute_instance.box.name} --project ${var.project} --zone ${google_compute_instance.box.zone} --tunnel-through-iap
    sudo smoocho init
    sudo smoocho backup schedule "0 3 * * *" --to s3://${google_storage_bucket.this["backups"].name}/smoocho
  END
}
