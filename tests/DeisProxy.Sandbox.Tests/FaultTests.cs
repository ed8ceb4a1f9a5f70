using System.Net;

namespace DeisProxy.Sandbox.Tests;

public sealed class FaultTests
{
    [Theory]
    [InlineData(FaultKind.Throttled, "Throttling", 400, "RequestLimitExceeded", 503)]
    [InlineData(FaultKind.ServerError, "InternalFailure", 500, "InternalError", 500)]
    [InlineData(FaultKind.AccessDenied, "AccessDenied", 403, "UnauthorizedOperation", 403)]
    [InlineData(FaultKind.ExpiredCredentials, "ExpiredToken", 403, "RequestExpired", 400)]
    public async Task AWS_fails_in_each_services_own_way_and_changes_nothing(FaultKind kind, string code, int status, string ec2Code, int ec2Status)
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        sandbox.Cloud.Faults.Add(new FaultRule(kind));
        var elb = await sandbox.Aws.ElbAsync(
            "DeleteLoadBalancerListeners", ("LoadBalancerName", sandbox.ElbName), ("LoadBalancerPorts.member.1", 80));
        (elb.Code, elb.Status).ShouldBe((code, status));
        var cfn = await sandbox.Aws.CloudFormationAsync("DescribeStacks");
        (cfn.Code, cfn.Status).ShouldBe((code, status));
        var ec2 = await sandbox.Aws.Ec2Async("DescribeInstances");
        (ec2.Code, ec2.Status).ShouldBe((ec2Code, ec2Status));
        sandbox.Elb.Listeners.Count.ShouldBe(3);
        sandbox.Cloud.CallLog.Calls.ShouldAllBe(call => call.Outcome == $"fault {kind}");
    }

    [Theory]
    [InlineData(FaultKind.CloseBefore, 3)]
    [InlineData(FaultKind.CloseAfter, 2)]
    [InlineData(FaultKind.Hang, 3)]
    [InlineData(FaultKind.HangAfter, 2)]
    public async Task A_lost_answer_may_hide_a_change(FaultKind kind, int listeners)
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        sandbox.Cloud.Faults.Add(new FaultRule(kind) { Service = "elasticloadbalancing", Operation = "DeleteLoadBalancerListeners", Times = 1 });
        var call = sandbox.Aws.ElbAsync("DeleteLoadBalancerListeners", ("LoadBalancerName", sandbox.ElbName), ("LoadBalancerPorts.member.1", 80));
        if (kind is FaultKind.Hang or FaultKind.HangAfter)
        {
            (await Task.WhenAny(call, Task.Delay(300))).ShouldNotBe(call);
        }
        else
        {
            await Should.ThrowAsync<HttpRequestException>(call);
        }

        sandbox.Elb.Listeners.Count.ShouldBe(listeners);
        (await sandbox.Aws.ElbAsync("DeleteLoadBalancerListeners", ("LoadBalancerName", sandbox.ElbName), ("LoadBalancerPorts.member.1", 80))).Status
            .ShouldBe(200);
        await sandbox.Cloud.DisposeAsync();
        if (kind is FaultKind.Hang or FaultKind.HangAfter)
        {
            await Should.ThrowAsync<HttpRequestException>(call);
        }
    }

    [Fact]
    public async Task A_rule_hits_the_calls_that_it_names()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.Throttled) { Operation = "DescribeStacks", Occurrence = 2, Times = 2 });
        sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.ServerError) { CallNumber = 6 });
        var statuses = new List<int>();
        for (var number = 1; number <= 6; number++)
        {
            statuses.Add((await sandbox.Aws.CloudFormationAsync("DescribeStacks")).Status);
        }

        statuses.ShouldBe([200, 400, 400, 200, 200, 500]);
        sandbox.Cloud.CallLog.Calls.Select(call => call.Number).ShouldBe([1, 2, 3, 4, 5, 6]);
        sandbox.Cloud.CallLog.Clear();
        (await sandbox.Aws.CloudFormationAsync("DescribeStacks")).Status.ShouldBe(200);
        sandbox.Cloud.CallLog.Calls.Single().Number.ShouldBe(1);
    }

    [Fact]
    public async Task Any_error_of_a_service_can_be_had()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.ServiceError)
        {
            Operation = "CreateLoadBalancerListeners",
            Times = 1,
            Error = ("DuplicateListener", "still there", 400),
        });
        (await sandbox.Aws.CloudFormationAsync("DescribeStacks")).Status.ShouldBe(200);
        var refused = await sandbox.Aws.ElbAsync("CreateLoadBalancerListeners", ("LoadBalancerName", sandbox.ElbName));
        (refused.Code, refused.Value("Message"), refused.Status).ShouldBe(("DuplicateListener", "still there", 400));
        await sandbox.CreateListenerAsync("TCP", 81, "TCP", 80);
    }

    [Fact]
    public async Task The_data_plane_can_lag_behind_one_call()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        sandbox.Cloud.Faults.Add(
            new FaultRule(FaultKind.DataPlaneLag) { Operation = "DeleteLoadBalancerListeners", Times = 1, Delay = TimeSpan.FromSeconds(3) });
        await sandbox.DeleteListenerAsync(80);
        Raw.Status(await Raw.GetAsync(sandbox.Port(80))).ShouldBe(200);
        await Tools.EventuallyAsync(async () => await Raw.GetAsync(sandbox.Port(80)) is null, "the port is closed", 30);
    }

    [Fact]
    public async Task An_etcd_without_a_leader_reads_and_does_not_write()
    {
        await using var sandbox = await RunningSandbox.StartAsync();
        using var http = new HttpClient { BaseAddress = sandbox.Cloud.EtcdEndpoint };
        var rule = sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.NoLeader));
        using var form = new FormUrlEncodedContent([new("value", "1")]);
        using var refused = await http.PutAsync("/v2/keys/k", form);
        refused.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
        (await refused.Content.ReadAsStringAsync()).ShouldBe(
            "{\"errorCode\":300,\"message\":\"Raft Internal Error\",\"cause\":\"etcdserver: request timed out\",\"index\":0}\n");
        (await http.GetStringAsync("/v2/keys/deis/platform/version")).ShouldContain("v1.6.0");
        using var quorum = await http.GetAsync("/v2/keys/deis/platform/version?quorum=true");
        quorum.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);

        sandbox.Cloud.Faults.Remove(rule);
        sandbox.Cloud.Faults.Add(new FaultRule(FaultKind.StorageFull));
        using var again = new FormUrlEncodedContent([new("value", "1")]);
        await Should.ThrowAsync<HttpRequestException>(() => http.PutAsync("/v2/keys/k", again));
        sandbox.Cloud.EtcdValue("/k").ShouldBeNull();
        (await http.GetStringAsync("/v2/keys/deis/platform/version")).ShouldContain("v1.6.0");
    }
}
