using System.Text.Json;
using DeisProxy.Core.Applying;
using DeisProxy.Core.Elb;
using DeisProxy.Fuzzing;

namespace DeisProxy.Core.Tests;

/// <summary>A journal that somebody has damaged, or written.</summary>
public sealed class RecordFuzz
{
    private static readonly string[] Samples = [Format1(), Format2()];

    [Fuzz(3000)]
    internal Task A_record_is_read_or_is_none(Mutation mutation) => Mutation.WithinLimitAsync(() =>
    {
        RunRecord? record;
        try
        {
            record = RunRecord.Parse(mutation.Of(Samples));
        }
        catch (JsonException)
        {
            return Task.CompletedTask;
        }

        if (record is not null)
        {
            // What is read can be written and shown, and planned on where it is this provider's.
            RunRecord.Parse(record.ToJson()).ShouldBe(record);
            _ = record.ToString();
            if (record is { Original.Balancer: ElbState, Made.Balancer: ElbState })
            {
                _ = TeardownPlanner.Plan(Snapshots.Deis15, record.Original, record.Made, SetupGoal.Default);
            }
        }

        return Task.CompletedTask;
    });

    private static string Format1()
    {
        using var data = new StreamReader(typeof(RecordFuzz).Assembly.GetManifestResourceStream("record-format-1.json")!);
        return data.ReadToEnd().Trim();
    }

    private static string Format2()
    {
        var steps = SetupPlanner.Plan(Snapshots.Deis15, SetupGoal.Default).Steps;
        return new RunRecord
        {
            Command = "setup",
            Holder = "ann@ci",
            StartedAt = DateTimeOffset.UnixEpoch,
            Original = Snapshots.Deis15,
            Made = Snapshots.Deis15.After(steps),
            RouterPorts = SetupGoal.Default.RouterPorts,
            Steps = steps,
            CutOff = steps[0],
        }.ToJson();
    }
}
