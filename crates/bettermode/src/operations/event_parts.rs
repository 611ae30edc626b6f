//! Parts of the documents about calendar events; see `parts` for why they are macros.

/// An event with its hosts and its two kinds of places: 1 + 1 + 5 + 5.
pub(super) const EVENT_COST: u32 = 12;

/// `From<EventParts>` for [`CalendarEvent`](crate::CalendarEvent).
macro_rules! event_from {
    ($module:ident) => {
        impl From<$module::EventParts> for $crate::CalendarEvent {
            fn from(parts: $module::EventParts) -> Self {
                let physical =
                    |place: $module::EventPartsPhysicalLocations| $crate::PhysicalPlace {
                        name: filled(place.display_name),
                        address: filled(place.formatted_address),
                        place_id: filled(place.place_id),
                        position: place.latitude.zip(place.longitude),
                    };
                let virtual_ = |place: $module::EventPartsVirtualLocations| $crate::VirtualPlace {
                    url: place.url,
                    provider: filled(Some(place.provider)),
                };
                let places = parts.physical_locations.into_iter().flatten();
                let meetings = parts.virtual_locations.into_iter().flatten();
                let hosts = parts.host_ids.into_iter().flatten();
                Self {
                    id: $crate::EventId::new(parts.id),
                    space_id: $crate::SpaceId::new(parts.space_id),
                    title: parts.title,
                    html: parts.content,
                    start: parts.start_time,
                    end: Some(parts.end_time),
                    time_zone: filled(Some(parts.time_zone)),
                    physical_places: places.map(physical).collect(),
                    virtual_places: meetings.map(virtual_).collect(),
                    host_ids: hosts.map($crate::MemberId::new).collect(),
                    capacity: parts.capacity.and_then(|count| u32::try_from(count).ok()),
                    registrations: parts
                        .registrations_count
                        .and_then(|count| u32::try_from(count).ok()),
                    status: spelling(parts.status).into(),
                    url: filled(parts.url),
                    created_by_id: $crate::MemberId::new(parts.created_by_id),
                    created_at: parts.created_at,
                    updated_at: parts.updated_at,
                    mechanism: $crate::EventMechanism::Calendar,
                }
            }
        }
    };
}

/// What goes into the inputs of a document: places, hosts, notifications.
macro_rules! event_inputs {
    ($module:ident) => {
        fn members(ids: &[$crate::MemberId]) -> Vec<String> {
            ids.iter().map(|id| id.as_str().to_owned()).collect()
        }

        fn notifications(notify: bool) -> $module::EventNotificationSettingsInput {
            $module::EventNotificationSettingsInput {
                notify_on_register: notify,
                notify_on_update: notify,
                notify_on_delete: notify,
                remind_before: notify,
            }
        }

        /// The vendor's map wants to know where it is.
        fn physical(
            places: &[$crate::PhysicalPlace],
        ) -> Result<Vec<$module::CreatePhysicalLocationInput>, $crate::Error> {
            let input = |place: &$crate::PhysicalPlace| {
                let (Some(place_id), Some((latitude, longitude))) =
                    (place.place_id.clone(), place.position)
                else {
                    return Err($crate::Error::InvalidInput {
                        field: Some("physicalLocations".to_owned()),
                        message: "a place needs the map's id of it, and its position".to_owned(),
                    });
                };
                Ok($module::CreatePhysicalLocationInput {
                    place_id,
                    latitude,
                    longitude,
                    display_name: place.name.clone(),
                    formatted_address: place.address.clone(),
                    plus_code: None,
                    additional_data: None,
                })
            };
            places.iter().map(input).collect()
        }

        fn virtual_(places: &[$crate::VirtualPlace]) -> Vec<$module::CreateVirtualLocationInput> {
            let input = |place: &$crate::VirtualPlace| $module::CreateVirtualLocationInput {
                provider: place.provider_name(),
                url: place.url.clone(),
            };
            places.iter().map(input).collect()
        }
    };
}
pub(super) use {event_from, event_inputs};
