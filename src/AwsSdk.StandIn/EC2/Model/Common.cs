using AwsSdk.StandIn;

namespace Amazon.EC2.Model;

/// <summary><c>Filter</c> of the EC2 2016-11-15 API.</summary>
public class Filter : IShape
{
    public string Name { get; set; }

    public List<string> Values { get; set; }

    void IShape.Describe(Wire wire)
    {
        Name = wire.Text(Name);
        Values = wire.Texts(Values, "Value");
    }
}

/// <summary><c>Tag</c> of the EC2 2016-11-15 API.</summary>
public class Tag : IShape
{
    public string Key { get; set; }

    public string Value { get; set; }

    void IShape.Describe(Wire wire)
    {
        Key = wire.Text(Key);
        Value = wire.Text(Value);
    }
}
