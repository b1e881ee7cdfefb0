variable "state_passphrase" {
  description = "Encrypts the state and plans. Keep it where the owner's recovery key is kept."
  type        = string
  sensitive   = true
  validation {
    condition     = length(var.state_passphrase) >= 16
    error_message = "state_passphrase must have 16 characters or more."
  }
}

variable "name" {
  description = "Goes before the names of all that is made."
  type        = string
  default     = "smoocho"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,18}[a-z0-9]$", var.name))
    error_message = "name must have 3 to 20 small letters, digits and hyphens, and begin with a letter."
  }
}

variable "project" {
  description = "The project's id."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be the id of a project, such as kulfi-123456."
  }
}

variable "region" {
  description = "Such as asia-south1; near the shop."
  type        = string
  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as asia-south1."
  }
}

variable "zone" {
  description = "Letter of the zone in the region."
  type        = string
  default     = "b"
  validation {
    condition     = can(regex("^[a-f]$", var.zone))
    error_message = "zone must be a letter, such as b."
  }
}

variable "source_address" {
  description = "Where the machine gets Smoocho's source from: an https git address and, behind #, a tag or commit."
  type        = string
  validation {
    condition     = can(regex("^https://[^\\s#]+#[A-Za-z0-9._-]+$", var.source_address))
    error_message = "source_address must be like https://git.example.com/smoocho.git#v0.1.0."
  }
}

variable "domain" {
  description = "The name that tills open, such as pos.kulfi.example."
  type        = string
  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]*[a-z0-9])?\\.)+[a-z]{2,}$", var.domain))
    error_message = "domain must be a name such as pos.kulfi.example."
  }
}

variable "machine_type" {
  description = "Class of the machine."
  type        = string
  default     = "e2-small"
  validation {
    condition     = can(regex("^[a-z0-9]+-[a-z0-9-]+$", var.machine_type))
    error_message = "machine_type must be a class such as e2-small."
  }
}

variable "database_tier" {
  description = "Class of the database."
  type        = string
  default     = "db-g1-small"
  validation {
    condition     = can(regex("^db-[a-z0-9-]+$", var.database_tier))
    error_message = "database_tier must be a class such as db-g1-small or db-custom-1-3840."
  }
}

variable "database_standby" {
  description = "A second database in another zone, which takes over by itself (REGIONAL). Doubles its price."
  type        = bool
  default     = false
}

variable "database_gigabytes" {
  description = "Disk of the database at first; it grows by itself to four times as much."
  type        = number
  default     = 10
  validation {
    condition     = var.database_gigabytes >= 10 && floor(var.database_gigabytes) == var.database_gigabytes
    error_message = "database_gigabytes must be a whole number from 10 up."
  }
}

variable "point_in_time_days" {
  description = "For so many days back the database can be restored to any second."
  type        = number
  default     = 7
  validation {
    condition     = var.point_in_time_days >= 1 && var.point_in_time_days <= 7
    error_message = "point_in_time_days must be 1 to 7."
  }
}

variable "deleted_days" {
  description = "For so many days what was deleted from a bucket can be brought back."
  type        = number
  default     = 30
  validation {
    condition     = var.deleted_days >= 7 && var.deleted_days <= 90
    error_message = "deleted_days must be 7 to 90."
  }
}
