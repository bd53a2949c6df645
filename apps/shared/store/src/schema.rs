//! The tables as `migrations/` makes them, for diesel.

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    organizations (id) {
        id -> Uuid,
        name -> Text,
        tier -> Text,
        created_at -> BigInt,
        subscribed -> Text,
        granted -> Nullable<Text>,
        kept_as -> Nullable<Text>,
        kept_since -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    users (id) {
        id -> Uuid,
        email -> Text,
        password_hash -> Text,
        created_at -> BigInt,
        confirmed_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    tickets (token_hash) {
        token_hash -> Binary,
        purpose -> Text,
        user_id -> Uuid,
        email -> Nullable<Text>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    second_factors (user_id) {
        user_id -> Uuid,
        secret -> Binary,
        last_step -> BigInt,
        enabled_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    recovery_codes (user_id, code_hash) {
        user_id -> Uuid,
        code_hash -> Binary,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    members (organization_id, user_id) {
        organization_id -> Uuid,
        user_id -> Uuid,
        role -> Text,
        created_at -> BigInt,
        used_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    sessions (id) {
        id -> Uuid,
        token_hash -> Binary,
        user_id -> Uuid,
        organization_id -> Nullable<Uuid>,
        user_agent -> Text,
        created_at -> BigInt,
        last_seen_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    invitations (id) {
        id -> Uuid,
        organization_id -> Uuid,
        email -> Text,
        role -> Text,
        token_hash -> Binary,
        invited_by -> Nullable<Uuid>,
        created_at -> BigInt,
        sent_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    plan_operators (plan_id, user_id) {
        plan_id -> Uuid,
        user_id -> Uuid,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    audit (id) {
        id -> Uuid,
        organization_id -> Uuid,
        at -> BigInt,
        actor -> Text,
        actor_id -> Nullable<Uuid>,
        actor_name -> Text,
        action -> Text,
        noun -> Text,
        noun_id -> Nullable<Uuid>,
        name -> Text,
        details -> Text,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    plans (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        version -> Integer,
        steps -> Integer,
        last_run_number -> Integer,
        health -> Nullable<Text>,
        recent -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        restriction -> Text,
        when_busy -> Text,
        over_limit -> Nullable<Text>,
        outside -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    plan_versions (plan_id, version) {
        plan_id -> Uuid,
        version -> Integer,
        name -> Text,
        text -> Text,
        outline -> Text,
        steps -> Integer,
        author_id -> Nullable<Uuid>,
        created_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    runs (id) {
        id -> Uuid,
        organization_id -> Uuid,
        plan_id -> Uuid,
        version -> Integer,
        number -> Integer,
        state -> Text,
        cause -> Text,
        user_id -> Nullable<Uuid>,
        priority -> Integer,
        due_at -> Nullable<BigInt>,
        lease_owner -> Nullable<Uuid>,
        fence -> BigInt,
        attempts -> Integer,
        cancelling -> Bool,
        queued_at -> BigInt,
        started_at -> Nullable<BigInt>,
        finished_at -> Nullable<BigInt>,
        reason -> Nullable<Text>,
        slow -> Bool,
        steps -> Integer,
        steps_passed -> Integer,
        steps_failed -> Integer,
        steps_skipped -> Integer,
        schedule_id -> Nullable<Uuid>,
        scheduled_at -> Nullable<BigInt>,
        restriction -> Text,
        serial -> Bool,
        variables -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    steps (run_id, position) {
        run_id -> Uuid,
        position -> Integer,
        state -> Text,
        started_at -> Nullable<BigInt>,
        duration -> Nullable<BigInt>,
        report -> Nullable<Text>,
        progress -> Nullable<Binary>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    schedules (id) {
        id -> Uuid,
        organization_id -> Uuid,
        plan_id -> Uuid,
        name -> Text,
        timetable -> Text,
        catch_up -> Text,
        overlap -> Text,
        variables -> Text,
        tags -> Text,
        fired -> Integer,
        next_due_at -> Nullable<BigInt>,
        paused_at -> Nullable<BigInt>,
        paused_by -> Nullable<Uuid>,
        pause_reason -> Nullable<Text>,
        author_id -> Nullable<Uuid>,
        created_at -> BigInt,
        updated_at -> BigInt,
        over_limit -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    usage (organization_id, day) {
        organization_id -> Uuid,
        day -> Integer,
        runs -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    metered (organization_id, day) {
        organization_id -> Uuid,
        day -> Integer,
        runs -> Integer,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    workers (id) {
        id -> Uuid,
        role -> Text,
        host -> Text,
        version -> Text,
        slots -> Integer,
        busy -> Integer,
        ticks -> BigInt,
        lag -> BigInt,
        started_at -> BigInt,
        seen_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    mails (id) {
        id -> Uuid,
        key -> Nullable<Text>,
        organization_id -> Nullable<Uuid>,
        recipient -> Text,
        subject -> Text,
        text -> Text,
        created_at -> BigInt,
        due_at -> Nullable<BigInt>,
        attempts -> Integer,
        sent_at -> Nullable<BigInt>,
        problem -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    customers (organization_id) {
        organization_id -> Uuid,
        customer_id -> Text,
        email -> Nullable<Text>,
        subscription -> Nullable<Text>,
        begun -> BigInt,
        done -> BigInt,
        review_at -> Nullable<BigInt>,
        synced_at -> Nullable<BigInt>,
        created_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    stripe_events (id) {
        id -> Text,
        kind -> Text,
        received_at -> BigInt,
    }
}

diesel::table! {
    clock (id) {
        id -> Integer,
        paused_at -> Nullable<BigInt>,
        paused_by -> Nullable<Text>,
        reason -> Nullable<Text>,
    }
}

diesel::table! {
    use diesel::sql_types::*;

    sealing_keys (id) {
        id -> Binary,
        canary -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    data_keys (organization_id) {
        organization_id -> Uuid,
        sealed -> Binary,
        sealed_with -> Binary,
        created_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    secrets (organization_id, name) {
        organization_id -> Uuid,
        name -> Text,
        version -> Integer,
        sealed -> Binary,
        changed_by -> Nullable<Uuid>,
        changed_at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    secret_changes (id) {
        id -> Uuid,
        organization_id -> Uuid,
        name -> Text,
        version -> Integer,
        change -> Text,
        user_id -> Nullable<Uuid>,
        at -> BigInt,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    tokens (id) {
        id -> Uuid,
        organization_id -> Uuid,
        user_id -> Uuid,
        name -> Text,
        scope -> Text,
        token_hash -> Binary,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    hooks (plan_id) {
        plan_id -> Uuid,
        token_hash -> Binary,
        created_by -> Nullable<Uuid>,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use crate::sql::Uuid;

    requests (organization_id, key_hash, noun) {
        organization_id -> Uuid,
        key_hash -> Binary,
        noun -> Text,
        request_hash -> Binary,
        noun_id -> Uuid,
        created_at -> BigInt,
    }
}

diesel::joinable!(members -> organizations (organization_id));
diesel::joinable!(members -> users (user_id));
diesel::joinable!(sessions -> organizations (organization_id));
diesel::joinable!(invitations -> organizations (organization_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(tickets -> users (user_id));
diesel::joinable!(tokens -> organizations (organization_id));
diesel::joinable!(tokens -> users (user_id));
diesel::joinable!(hooks -> plans (plan_id));
diesel::joinable!(plan_versions -> plans (plan_id));
diesel::joinable!(runs -> plans (plan_id));
diesel::joinable!(runs -> users (user_id));
diesel::joinable!(schedules -> plans (plan_id));
diesel::joinable!(steps -> runs (run_id));

diesel::allow_tables_to_appear_in_same_query!(
    audit,
    invitations,
    plan_operators,
    customers,
    organizations,
    users,
    members,
    sessions,
    plans,
    plan_versions,
    runs,
    schedules,
    steps,
    tickets,
    data_keys,
    secrets,
    secret_changes,
    tokens,
    hooks,
);
