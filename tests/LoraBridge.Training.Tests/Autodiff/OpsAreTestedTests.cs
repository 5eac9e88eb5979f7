using LoraBridge.Training.Autodiff;

namespace LoraBridge.Training.Tests.Autodiff;

/// <summary>A gradient rule without a test of its gradient does not exist.</summary>
public sealed class OpsAreTestedTests
{
    /// <summary>Operations of ggml's, by the names of the methods that are their rules, and kernels that have a rule of their own.</summary>
    public static TheoryData<string> Rules =>
    [
        .. GradientRules.All.Where(rule => rule.Target is null).Select(rule => rule.Method.Name).Distinct(),
        .. typeof(IGradientRule).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(IGradientRule))).Select(type => type.Name),
    ];

    [Theory]
    [MemberData(nameof(Rules))]
    public void RuleHasATestOfItsName(string rule)
    {
        Assert.NotNull(GetType().Assembly.GetType($"{GetType().Namespace}.{rule}Tests"));
    }

    [Fact]
    public void RulesThatAreNoMethodsOfAnOperationAreThoseOfKernels() =>
        Assert.All(GradientRules.All.Where(rule => rule.Target is not null), rule => Assert.IsAssignableFrom<IGradientRule>(rule.Target));
}
