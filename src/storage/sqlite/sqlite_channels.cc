#include "flxlink/storage_kit/errors.h"
#include "flxlink/storage_kit/rules.h"
#include "src/model/record_codec.h"
#include "src/storage/sqlite/sqlite_rows.h"
#include "src/storage/sqlite/sqlite_storage.h"

namespace flxlink::sqlite {
namespace {

Channel InsertChannel(Connection& db, const ChannelConfig& config) {
  Channel channel;
  channel.channel_id = NextInSequence(db, "channel", 1);
  channel.config = config;
  Query(db, "INSERT INTO channel (channel_id, name, adapter, currency, config) VALUES (?1, ?2, ?3, ?4, ?5)")
      .Run(channel.channel_id, config.name, config.adapter, config.currency.code(),
           Blob{model::EncodeChannelConfig(config)});
  Query(db, "INSERT INTO slot (channel_id) VALUES (?1)").Run(channel.channel_id);
  return channel;
}

void UpdateConfig(Connection& db, int64_t channel_id, const ChannelConfig& config,
                  const absl::optional<ChannelConfig>& draft, bool moves_policy) {
  Query(db,
        "UPDATE channel SET name = ?2, adapter = ?3, currency = ?4, config = ?5, draft = NULL, "
        "revision = revision + 1, policy_version = policy_version + ?6 WHERE channel_id = ?1")
      .Run(channel_id, config.name, config.adapter, config.currency.code(), Blob{model::EncodeChannelConfig(config)},
           moves_policy);
  if (!draft.has_value()) return;
  Query(db, "UPDATE channel SET draft = ?2 WHERE channel_id = ?1")
      .Run(channel_id, Blob{model::EncodeChannelConfig(*draft)});
}

void DeleteChannel(Connection& db, int64_t channel_id) {
  for (const char* sql :
       {"DELETE FROM channel WHERE channel_id = ?1", "DELETE FROM slot WHERE channel_id = ?1",
        "DELETE FROM schedule WHERE channel_id = ?1", "DELETE FROM job WHERE channel_id = ?1",
        "DELETE FROM job_problem WHERE channel_id = ?1", "DELETE FROM push_item WHERE channel_id = ?1",
        "DELETE FROM push_record WHERE channel_id = ?1", "DELETE FROM link_event WHERE channel_id = ?1",
        "DELETE FROM hand_unlink WHERE channel_id = ?1", "DELETE FROM attention WHERE channel_id = ?1",
        "DELETE FROM link WHERE channel_id = ?1", "DELETE FROM listing_variant WHERE channel_id = ?1",
        "DELETE FROM channel_variant WHERE channel_id = ?1", "DELETE FROM item_alias WHERE channel_id = ?1",
        "DELETE FROM link_base WHERE channel_id = ?1", "DELETE FROM key_run WHERE channel_id = ?1",
        "DELETE FROM key_added WHERE channel_id = ?1", "DELETE FROM link_change WHERE channel_id = ?1",
        "DELETE FROM change_count WHERE channel_id = ?1"}) {
    Query(db, sql).Run(channel_id);
  }
}

}  // namespace

absl::StatusOr<Channel> SqliteStorage::CreateChannel(const ChannelConfig& config) {
  Channel created;
  absl::Status status = Write([&](Connection& db) {
    absl::optional<Channel> there = FindChannel(db, config.name);
    if (there.has_value() && !storage::SameConfig(there->config, config)) return storage::NameTaken(config.name);
    created = there.has_value() ? *std::move(there) : InsertChannel(db, config);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return created;
}

absl::StatusOr<Channel> SqliteStorage::ReadChannel(absl::string_view name) {
  absl::optional<Channel> found;
  absl::Status status = Read([&](Connection& db) {
    found = FindChannel(db, name);
    return found.has_value() ? absl::OkStatus() : storage::NoSuchChannel(name);
  });
  if (!status.ok()) return status;
  return *std::move(found);
}

absl::StatusOr<Channel> SqliteStorage::ReadChannel(int64_t channel_id) {
  absl::optional<Channel> found;
  absl::Status status = Read([&](Connection& db) {
    found = FindChannel(db, channel_id);
    return found.has_value() ? absl::OkStatus() : storage::NoSuchChannel(channel_id);
  });
  if (!status.ok()) return status;
  return *std::move(found);
}

absl::StatusOr<std::vector<Channel>> SqliteStorage::ReadChannels() {
  std::vector<Channel> channels;
  absl::Status status = Read([&](Connection& db) {
    channels = FindChannels(db);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return channels;
}

absl::Status SqliteStorage::WriteChannel(int64_t channel_id, int64_t expected_revision, const ChannelConfig& config,
                                         const absl::optional<ChannelConfig>& draft, bool moves_policy) {
  return Write([&](Connection& db) {
    const absl::optional<Channel> channel = FindChannel(db, channel_id);
    if (!channel.has_value()) return storage::NoSuchChannel(channel_id);
    if (storage::IsWritten(*channel, expected_revision, config, draft)) return absl::OkStatus();
    if (channel->revision != expected_revision) return storage::ChannelMoved(*channel, expected_revision);
    const absl::optional<Channel> namesake = FindChannel(db, config.name);
    if (namesake.has_value() && namesake->channel_id != channel_id) return storage::NameTaken(config.name);
    if (!storage::SameMarks(channel->config, config)) {
      StorePull(db, channel_id, storage::AfterOtherSettings(channel->pull));
    }
    UpdateConfig(db, channel_id, config, draft, moves_policy);
    return absl::OkStatus();
  });
}

absl::Status SqliteStorage::RemoveChannel(int64_t channel_id) {
  return Write(WriteKind::kBulk, [&](Connection& db) {
    const absl::optional<Channel> channel = FindChannel(db, channel_id);
    if (!channel.has_value()) return absl::OkStatus();
    const Slot slot = FindSlot(db, channel_id).value_or(Slot());
    if (slot.holder_job != 0 && IsOwnerAlive(db, slot.owner)) return storage::ChannelBusy(*channel, slot);
    DeleteChannel(db, channel_id);
    return absl::OkStatus();
  });
}

}  // namespace flxlink::sqlite
